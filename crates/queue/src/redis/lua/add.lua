-- Adds entries, each id once. Own arguments: 'add' or 'absent', then for each channel its place, how many
-- entries it gets, and for each of these due time and id.
-- Answers how many were new, then place (in the order of the ids) and channel of each that stands on a channel
-- not declared.
local only_absent = ARGV[OWN] == 'absent'
local reply = { 0 }

local ids, groups, at = {}, {}, OWN + 1
while at < #ARGV do
  local group = { channel = channels[tonumber(ARGV[at])], first = at + 2, last = at + 1 + 2 * tonumber(ARGV[at + 1]) }
  groups[#groups + 1] = group
  group.first_id = #ids + 1
  for place = group.first + 1, group.last, 2 do
    ids[#ids + 1] = ARGV[place]
  end
  group.last_id = #ids
  at = group.last + 1
end

-- Where each id stands, asked at once: a page has too many of them to ask one by one.
local names = #ids > 0 and redis.call('HMGET', INDEX, unpack(ids)) or {}

-- Whether all can be written as they are.
local function are_new()
  for place = 1, #ids do
    if names[place] then return false end
  end
  return true
end

-- Writes a group's due times and ids into the sets that they belong in. On the submit lane that depends on who
-- holds a slot.
local function write(group)
  local channel, any_member = group.channel, false
  if IS_SUBMIT then
    for _, is_member in ipairs(redis.call('SMISMEMBER', channel.slots, unpack(ids, group.first_id, group.last_id))) do
      any_member = any_member or is_member == 1
    end
  end
  if not any_member then
    redis.call('ZADD', channel.entries, unpack(ARGV, group.first, group.last))
    return
  end
  for place = group.first, group.last, 2 do
    put(channel, ARGV[place + 1], tonumber(ARGV[place]))
  end
end

local function add_all()
  local indexed = {}
  for _, group in ipairs(groups) do
    local channel = group.channel
    write(group)
    for place = group.first_id, group.last_id do
      indexed[#indexed + 1], indexed[#indexed + 2] = ids[place], channel.name
    end
    -- More entries don't change the turn of a channel that can be claimed from already.
    local turn = redis.call('ZSCORE', LINE, channel.name)
    if not turn or number(turn) > NOW then channel.is_touched = true end
  end
  redis.call('HSET', INDEX, unpack(indexed))
  reply[1] = #ids
end

local function add_one(channel, place, due)
  local id, name = ids[place], names[place]
  if not name then
    reply[1] = reply[1] + 1
    redis.call('HSET', INDEX, id, channel.name)
    put(channel, id, due)
    return
  end
  -- It is there, and that is all that matters.
  if only_absent then return end
  local before = by_name[name]
  if not before then
    reply[#reply + 1], reply[#reply + 2] = place - 1, name
    return
  end
  local key, score = find(before, id)
  if score and score < 0 then
    remember(id, due)
    return
  end
  due = math.min(due, score or due)
  if before ~= channel then
    if key then redis.call('ZREM', key, id) end
    redis.call('HSET', INDEX, id, channel.name)
    before.is_touched = true
    put(channel, id, due)
  elseif due ~= score then
    put(channel, id, due)
  end
end

if #ids > 0 and are_new() then
  add_all()
else
  local place = 0
  for _, group in ipairs(groups) do
    for first = group.first, group.last, 2 do
      place = place + 1
      add_one(group.channel, place, tonumber(ARGV[first]))
    end
  end
end

settle_touched()
return reply
