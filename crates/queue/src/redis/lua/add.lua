-- Adds entries. Own arguments: 'add' or 'absent', then for each entry its channel's place, id and due time.
-- Answers how many were new, then place and channel of each that stands on a channel not declared.
local only_absent = ARGV[OWN] == 'absent'
local reply = { 0 }

-- Where each id stands, asked at once: a page has too many of them to ask one by one.
local ids = {}
for at = OWN + 2, #ARGV, 3 do
  ids[#ids + 1] = ARGV[at]
end
local names = #ids > 0 and redis.call('HMGET', INDEX, unpack(ids)) or {}

-- New entries that are not written yet, by id and as they are written.
local fresh, indexed, scored = {}, {}, {}

local function write_fresh()
  if #indexed == 0 then return end
  redis.call('HSET', INDEX, unpack(indexed))
  for key, pairs_of_key in pairs(scored) do
    redis.call('ZADD', key, unpack(pairs_of_key))
  end
  indexed, scored = {}, {}
end

local function add_new(channel, id, due)
  reply[1] = reply[1] + 1
  fresh[id] = channel.name
  indexed[#indexed + 1], indexed[#indexed + 2] = id, channel.name
  if IS_SUBMIT then
    -- Which set it belongs in depends on its slot.
    put(channel, id, due)
    return
  end
  channel.is_touched = true
  local list = scored[channel.entries] or {}
  scored[channel.entries] = list
  list[#list + 1], list[#list + 2] = text(due), id
end

for place, id in ipairs(ids) do
  local first = OWN + 1 + (place - 1) * 3
  local channel, due = channels[tonumber(ARGV[first])], tonumber(ARGV[first + 2])
  -- An id that was named twice is looked for among what was written for its first time.
  if fresh[id] then write_fresh() end
  local name = fresh[id] or names[place]
  local before = name and by_name[name]
  if not name then
    add_new(channel, id, due)
  elseif only_absent then
    -- It is there, and that is all that matters.
  elseif not before then
    reply[#reply + 1] = place - 1
    reply[#reply + 1] = name
  else
    local key, score = find(before, id)
    if score and score < 0 then
      remember(id, due)
    else
      due = math.min(due, score or due)
      if before ~= channel then
        if key then redis.call('ZREM', key, id) end
        redis.call('HSET', INDEX, id, channel.name)
        before.is_touched = true
        put(channel, id, due)
        fresh[id] = channel.name
      elseif due ~= score then
        put(channel, id, due)
      end
    end
  end
end

write_fresh()
settle_touched()
return reply
