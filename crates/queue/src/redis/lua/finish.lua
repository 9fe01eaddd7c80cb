-- Ends leases. Own arguments, for each claim: its channel's place, id, fence, 'done', 'at' or 'back', and
-- the time for 'at'. Answers for each whether its lease was still the newest.
local reply = {}

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
for first = OWN, #ARGV, 5 do
  local channel, id, fence = channels[tonumber(ARGV[first])], ARGV[first + 1], tonumber(ARGV[first + 2])
  local finish, due = ARGV[first + 3], tonumber(ARGV[first + 4])
  local key, score = find(channel, id)
  local is_held = score == -fence
  reply[#reply + 1] = is_held and 1 or 0
  if is_held then
    local rung = has_bells and redis.call('HGET', RUNG, id)
    if rung then redis.call('HDEL', RUNG, id) end
    channel.is_touched = true
    if finish == 'done' and not rung then
      redis.call('ZREM', key, id)
      redis.call('HDEL', INDEX, id)
    elseif finish == 'back' and IS_SUBMIT then
      redis.call('ZREM', key, id)
      undo(channel, id, fence)
      put(channel, id, NOW)
    else
      if finish == 'back' then
        due = NOW
      elseif finish == 'done' then
        due = tonumber(rung)
      elseif rung then
        due = math.min(due, tonumber(rung))
      end
      redis.call('ZADD', key, text(due), id)
    end
  end
end

settle_touched()
return reply
