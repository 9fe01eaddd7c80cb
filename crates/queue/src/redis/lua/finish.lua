-- Ends leases. Own arguments, for each group of claims with one channel and one fence: the channel's place, the
-- fence, how many claims, and for each of these when it is due again (-1: never, -2: at once, because this look
-- does not count) and its id, which no group names twice. Answers for each claim whether its lease was still the
-- newest.
local reply = {}
local NEVER, BACK = -1, -2

-- A look that does not count gives its token back, and its slot if it was the one to take it.
local function undo(channel, id, fence)
  read_gate(channel)
  if channel.rate > 0 then
    channel.units = math.min(channel.units + TOKEN, channel.capacity)
    write_tokens(channel)
  end
  if fence % 2 == 1 and redis.call('SREM', channel.slots, id) == 1 then channel.taken = channel.taken - 1 end
end

local has_bells = redis.call('EXISTS', RUNG) == 1

-- The bell that rang for an id meanwhile; it is heard now.
local function take_bell(id)
  local rung = has_bells and redis.call('HGET', RUNG, id)
  if rung then redis.call('HDEL', RUNG, id) end
  return rung
end

-- One submission: it may stand in either set, and giving it back undoes what the claim did.
local function end_one(channel, id, fence, due)
  local key, score = find(channel, id)
  if score ~= -fence then return 0 end
  channel.is_touched = true
  local rung = take_bell(id)
  if due == NEVER and not rung then
    redis.call('ZREM', key, id)
    redis.call('HDEL', INDEX, id)
  elseif due == BACK then
    redis.call('ZREM', key, id)
    undo(channel, id, fence)
    put(channel, id, NOW)
  else
    if due == NEVER then due = tonumber(rung) elseif rung then due = math.min(due, tonumber(rung)) end
    redis.call('ZADD', key, text(due), id)
  end
  return 1
end

-- What becomes of a claim on another lane whose lease was the newest.
local function settle_later(id, at, later, gone)
  local rung = take_bell(id)
  if at == '-1' and not rung then
    gone[#gone + 1] = id
    return
  end
  if at == '-2' then
    at = text(NOW)
  elseif rung and (at == '-1' or tonumber(rung) < tonumber(at)) then
    at = rung
  end
  later[#later + 1], later[#later + 2] = at, id
end

-- A group on another lane, with one call of each kind.
local function end_all(channel, fence, first, last)
  local ids, later, gone = {}, {}, {}
  for place = first + 1, last, 2 do
    ids[#ids + 1] = ARGV[place]
  end
  local scores = redis.call('ZMSCORE', channel.entries, unpack(ids))
  local is_plain = not has_bells
  for place, id in ipairs(ids) do
    local is_held = scores[place] and tonumber(scores[place]) == -fence
    reply[#reply + 1] = is_held and 1 or 0
    is_plain = is_plain and is_held and ARGV[first + 2 * place - 2] ~= '-1' and ARGV[first + 2 * place - 2] ~= '-2'
  end
  channel.is_touched = true
  -- Nearly always every claim is to be looked at again, and its group is written as it came.
  if is_plain then
    redis.call('ZADD', channel.entries, unpack(ARGV, first, last))
    return
  end
  for place, id in ipairs(ids) do
    if reply[#reply - #ids + place] == 1 then settle_later(id, ARGV[first + 2 * place - 2], later, gone) end
  end
  if #later > 0 then redis.call('ZADD', channel.entries, unpack(later)) end
  if #gone > 0 then
    redis.call('ZREM', channel.entries, unpack(gone))
    redis.call('HDEL', INDEX, unpack(gone))
  end
end

local at = OWN
while at < #ARGV do
  local channel, fence = channels[tonumber(ARGV[at])], tonumber(ARGV[at + 1])
  local first, last = at + 3, at + 2 + 2 * tonumber(ARGV[at + 2])
  if IS_SUBMIT then
    for place = first, last, 2 do
      reply[#reply + 1] = end_one(channel, ARGV[place + 1], fence, tonumber(ARGV[place]))
    end
  else
    end_all(channel, fence, first, last)
  end
  at = last + 1
end

settle_touched()
return reply
