-- Leases what is due, one batch from each channel in turn until the portion is used up. Own arguments:
-- ids, batches, ids a batch, lease, how far ahead of time a batch that has a due id may be filled, and the
-- most channels whose turn is looked up here (0: all that are declared have their turn, in their order).
-- Answers 0, then for each batch the channel's place, the number of ids and the fence of all of them (0: each
-- has its own), and for each of these id, due time and, if it has its own, fence. If it is the turn of channels that were not declared, nothing is leased: the answer is then the
-- number of those whose turn it is, and their names.
local ids_left, batches_left, batch_most = tonumber(ARGV[OWN]), tonumber(ARGV[OWN + 1]), tonumber(ARGV[OWN + 2])
local lease, ahead = tonumber(ARGV[OWN + 3]), tonumber(ARGV[OWN + 4])
local turns_most = tonumber(ARGV[OWN + 5])
local reply, claimed = { 0 }, {}
-- All leases of one call end together; on the submit lane a fence says more.
local lease_end = text(-NOW - lease)

if redis.call('EXISTS', EPOCH) == 0 then return reply end
local has_bells = redis.call('EXISTS', RUNG) == 1

-- The channels whose turn it is, first ones first.
local round = channels
if turns_most > 0 then
  round = {}
  local line = redis.call('ZRANGEBYSCORE', LINE, '-inf', text(NOW), 'LIMIT', 0, turns_most)
  for place, name in ipairs(line) do
    round[place] = by_name[name]
    if not by_name[name] then return { #line, unpack(line) } end
  end
end

-- How many ids to look up at once: what one channel gets if all get the same.
local look_ahead = math.min(ids_left, batch_most * math.ceil(batches_left / math.max(#round, 1)))

-- Adds a set's due ids to `found`; tells whether there are no more.
local function look(key, is_member, found)
  local free = redis.call('ZRANGEBYSCORE', key, 0, text(NOW), 'WITHSCORES', 'LIMIT', 0, look_ahead)
  local held = redis.call('ZREVRANGEBYSCORE', key, '(0', text(-NOW), 'WITHSCORES', 'LIMIT', 0, look_ahead)
  for at = 1, #free, 2 do
    found[#found + 1] = { id = free[at], due = tonumber(free[at + 1]), is_member = is_member }
  end
  for at = 1, #held, 2 do
    found[#found + 1] = { id = held[at], due = -tonumber(held[at + 1]), is_member = is_member }
  end
  return #free < 2 * look_ahead and #held < 2 * look_ahead
end

local function earlier(one, other)
  if one.due ~= other.due then return one.due < other.due end
  return one.id < other.id
end

-- Writes the leases that were handed out. Before that, a look would find the ids once more.
local function write(channel)
  if #channel.leased > 0 then
    redis.call('ZADD', IS_SUBMIT and channel.members or channel.entries, unpack(channel.leased))
  end
  channel.leased = {}
end

-- Looks up a channel's next due ids.
local function refill(channel)
  write(channel)
  local found, is_all = {}, true
  if not IS_SUBMIT or has_room(channel) then is_all = look(channel.entries, false, found) end
  if IS_SUBMIT then is_all = look(channel.members, true, found) and is_all end
  table.sort(found, earlier)
  channel.found, channel.next, channel.is_drained = found, 1, is_all
end

-- Takes a token for a submission; tells whether there was one.
local function take_token(channel)
  if not IS_SUBMIT or channel.rate <= 0 then return true end
  if channel.units < TOKEN then return false end
  channel.units = channel.units - TOKEN
  channel.has_spent = true
  return true
end

-- The next id that may be claimed, or nil.
local function next_due(channel)
  while true do
    local entry = channel.found and channel.found[channel.next]
    if entry then
      -- Without a free slot only a task that holds one may go.
      if entry.is_member or not IS_SUBMIT or has_room(channel) then
        if not take_token(channel) then return nil end
        channel.next = channel.next + 1
        return entry
      end
      channel.next = channel.next + 1
    elseif channel.is_drained then
      return nil
    else
      refill(channel)
    end
  end
end

-- Gives an id its lease.
local function hand_out(channel, entry)
  local fence, ends = NOW + lease, lease_end
  reply[#reply + 1] = entry.id
  reply[#reply + 1] = entry.due
  if IS_SUBMIT then
    local joins = not entry.is_member
    if (fence % 2 == 1) ~= joins then fence = fence + 1 end
    if joins then
      redis.call('ZREM', channel.entries, entry.id)
      channel.taken = channel.taken + redis.call('SADD', channel.slots, entry.id)
    end
    reply[#reply + 1] = fence
    ends = text(-fence)
  end
  local leased = channel.leased
  leased[#leased + 1] = ends
  leased[#leased + 1] = entry.id
  if has_bells then claimed[#claimed + 1] = entry.id end
end

-- Hands out what is due and then what soon will be, in their order, where there is neither a gate nor a lease
-- that has ended: nearly always, and by the hundred. Tells how many ids, or nil if it is not so.
local function serve_plainly(channel, most)
  if IS_SUBMIT or channel.found then return nil end
  if #redis.call('ZREVRANGEBYSCORE', channel.entries, '(0', text(-NOW), 'LIMIT', 0, 1) > 0 then return nil end
  local found = redis.call('ZRANGEBYSCORE', channel.entries, 0, text(NOW + ahead), 'WITHSCORES', 'LIMIT', 0, most)
  if #found == 0 or tonumber(found[2]) > NOW then return 0 end
  local at, leased = #reply, {}
  reply[at + 1], reply[at + 2], reply[at + 3] = channel.place, #found / 2, NOW + lease
  at = at + 3
  for place = 1, #found, 2 do
    local id = found[place]
    reply[at + place], reply[at + place + 1] = id, found[place + 1]
    leased[place], leased[place + 1] = lease_end, id
    if has_bells then claimed[#claimed + 1] = id end
  end
  redis.call('ZADD', channel.entries, unpack(leased))
  return #found / 2
end

-- Hands out one batch of a channel; tells how many ids it has.
local function serve(channel, most)
  local plain = serve_plainly(channel, most)
  if plain then return plain end
  if IS_SUBMIT then
    read_gate(channel)
    if channel.paused then return 0 end
  end
  local header = #reply
  channel.leased = channel.leased or {}
  reply[header + 1], reply[header + 2], reply[header + 3] = channel.place, 0, IS_SUBMIT and 0 or NOW + lease
  local count = 0
  while count < most do
    local entry = next_due(channel)
    if not entry then break end
    hand_out(channel, entry)
    count = count + 1
  end
  if ahead > 0 and count > 0 and count < most then
    local soon = redis.call('ZRANGEBYSCORE', channel.entries, '(' .. text(NOW), text(NOW + ahead), 'WITHSCORES',
      'LIMIT', 0, most - count)
    for at = 1, #soon, 2 do
      hand_out(channel, { id = soon[at], due = tonumber(soon[at + 1]) })
      count = count + 1
    end
  end
  write(channel)
  if count == 0 then
    reply[header + 1], reply[header + 2], reply[header + 3] = nil, nil, nil
  else
    reply[header + 2] = count
  end
  return count
end

local turns, asked = 0, {}
while ids_left > 0 and batches_left > 0 and #round > 0 do
  local again = {}
  for _, channel in ipairs(round) do
    if ids_left <= 0 or batches_left <= 0 then break end
    local most = math.min(batch_most, ids_left)
    local count = serve(channel, most)
    turns = turns + 1
    channel.turn = turns
    if count > 0 then
      ids_left, batches_left = ids_left - count, batches_left - 1
    end
    if count == most then again[#again + 1] = channel end
  end
  round = again
end

-- A claim has heard every bell so far.
if #claimed > 0 then redis.call('HDEL', RUNG, unpack(claimed)) end
for _, channel in ipairs(channels) do
  if channel.turn then asked[#asked + 1] = channel end
end
table.sort(asked, function(one, other) return one.turn < other.turn end)
for _, channel in ipairs(asked) do
  if channel.has_spent then write_tokens(channel) end
  settle(channel, true, channel.turn)
end
return reply
