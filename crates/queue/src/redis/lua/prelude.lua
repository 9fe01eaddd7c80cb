-- What every script shares. A script runs alone, so what it reads stands until it ends.
--
-- KEYS  epoch, line, index, rung; then for each channel its entries, and on the submit lane also the
--       entries that hold a slot, the slots and the gate. All of one shard, all under its hash tag.
-- ARGV  lane, bell, skew in microseconds, number of channels, their names; then the script's own.
--
-- Times are microseconds by the server's clock. An entry's score is its due time while nobody has it,
-- and the end of its lease with a minus sign while somebody has. That score is also the lease's fence:
-- no two leases of an id end in the same microsecond. On the submit lane an odd fence says that the
-- claim took a slot which the task did not hold before.
local EPOCH, LINE, INDEX, RUNG = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local LANE, BELL, CHANNELS = ARGV[1], ARGV[2], tonumber(ARGV[4])
local IS_SUBMIT = LANE == 'submit'
-- The place of the script's own first argument.
local OWN = 5 + CHANNELS
-- A token in bucket units: a bucket that gains n tokens a minute gains n units a microsecond.
local TOKEN = 60000000
local FOREVER = math.huge

local time = redis.call('TIME')
local NOW = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[3])

-- Lua itself would write large numbers with too few digits.
local function text(number)
  if number == FOREVER then return '+inf' end
  return string.format('%.0f', number)
end

local function number(score)
  if score == 'inf' then return FOREVER end
  return tonumber(score)
end

-- The declared channels, by place and by name.
local channels, by_name = {}, {}
for place = 1, CHANNELS do
  local stride = IS_SUBMIT and 4 or 1
  local first = 4 + (place - 1) * stride
  local channel = { place = place, name = ARGV[4 + place], entries = KEYS[first + 1] }
  if IS_SUBMIT then
    channel.members, channel.slots, channel.gate = KEYS[first + 2], KEYS[first + 3], KEYS[first + 4]
  end
  channels[place], by_name[channel.name] = channel, channel
end

-- When the lane's first channel may be claimed from.
local function opens_first()
  local first = redis.call('ZRANGE', LINE, 0, 0, 'WITHSCORES')
  return first[2] and number(first[2]) or FOREVER
end
local opened = opens_first()

-- Wakes waiting workers when something can be claimed earlier than was known before.
local function ring()
  if opened > NOW and opens_first() < opened then redis.call('PUBLISH', BELL, LANE) end
end

-- Reads a channel's pause, limits, tokens and taken slots, once a script.
local function read_gate(channel)
  if channel.has_gate then return end
  local held = redis.call('HMGET', channel.gate, 'paused', 'slots', 'rate', 'burst', 'units', 'filled')
  channel.has_gate = true
  channel.paused = held[1] == '1'
  channel.limit = tonumber(held[2] or 0)
  channel.rate = tonumber(held[3] or 0)
  channel.capacity = math.max(tonumber(held[4] or 1), 1) * TOKEN
  channel.units = tonumber(held[5] or 0)
  channel.filled = tonumber(held[6] or NOW)
  channel.taken = channel.limit > 0 and redis.call('SCARD', channel.slots) or 0
  -- A clock that went back adds nothing.
  if channel.rate > 0 and NOW > channel.filled then
    channel.units = math.min(channel.units + (NOW - channel.filled) * channel.rate, channel.capacity)
    channel.filled = NOW
  end
end

local function write_tokens(channel)
  if channel.rate > 0 then
    redis.call('HSET', channel.gate, 'units', text(channel.units), 'filled', text(channel.filled))
  end
end

local function has_room(channel)
  return channel.limit <= 0 or channel.taken < channel.limit
end

-- When the first of a set's entries may be claimed.
local function earliest(key)
  local free = redis.call('ZRANGEBYSCORE', key, 0, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  local held = redis.call('ZREVRANGEBYSCORE', key, '(0', '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return math.min(free[2] and tonumber(free[2]) or FOREVER, held[2] and -tonumber(held[2]) or FOREVER)
end

-- When something may be claimed from a channel: FOREVER until something changes, nil if it is empty.
local function opens(channel)
  local at = earliest(channel.entries)
  if not IS_SUBMIT then
    return at < FOREVER and at or nil
  end
  local member_at = earliest(channel.members)
  if at == FOREVER and member_at == FOREVER then return nil end
  read_gate(channel)
  if channel.paused then return FOREVER end
  if not has_room(channel) then at = FOREVER end
  at = math.min(at, member_at)
  if channel.rate > 0 and channel.units < TOKEN then
    at = math.max(at, NOW + math.ceil((TOKEN - channel.units) / channel.rate))
  end
  return at
end

-- Gives a channel its place in the line. One that can be claimed from keeps its place, unless it was
-- just served: then it stands behind the others. `turn` tells channels of one script apart.
local function settle(channel, was_served, turn)
  local at = opens(channel)
  if not at then
    redis.call('ZREM', LINE, channel.name)
    return
  end
  if at <= NOW then
    local before = redis.call('ZSCORE', LINE, channel.name)
    if before and not was_served and number(before) <= NOW then return end
    at = NOW + (turn or 0)
  end
  redis.call('ZADD', LINE, text(at), channel.name)
end

-- Settles every channel that a script has touched, then wakes whoever may now claim.
local function settle_touched()
  for _, channel in ipairs(channels) do
    if channel.is_touched then settle(channel) end
  end
  ring()
end

-- Which of a channel's sets has an id, and its score there.
local function find(channel, id)
  local score = redis.call('ZSCORE', channel.entries, id)
  if score then return channel.entries, tonumber(score) end
  if channel.members then
    score = redis.call('ZSCORE', channel.members, id)
    if score then return channel.members, tonumber(score) end
  end
end

-- Puts an id into the set of a channel that it belongs in.
local function put(channel, id, score)
  local key = channel.entries
  if IS_SUBMIT and redis.call('SISMEMBER', channel.slots, id) == 1 then key = channel.members end
  redis.call('ZADD', key, text(score), id)
  channel.is_touched = true
end

-- Remembers the earliest bell for an id that somebody has.
local function remember(id, due)
  local rung = redis.call('HGET', RUNG, id)
  if not rung or due < tonumber(rung) then redis.call('HSET', RUNG, id, text(due)) end
end
