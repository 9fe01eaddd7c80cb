-- Does one thing to entries wherever they are. Own arguments: 'hint', 'remove' or 'yield', then for each
-- id the id and a due time (for 'yield').
--   hint    a scheduled id is due now
--   remove  the id is off the lane, leased or not
--   yield   a scheduled id is off the lane, because it moves to another shard; a leased one hears the bell
-- Answers for each id: -2 not here, -3 on a channel that was not declared, -1 leased, else its due time.
local verb = ARGV[OWN]
local reply = {}

local function visit(id, due)
  local name = redis.call('HGET', INDEX, id)
  if not name then return -2 end
  local channel = by_name[name]
  if not channel then return -3 end
  local key, score = find(channel, id)
  if verb == 'hint' then
    if score and score > NOW then put(channel, id, NOW) end
    return score or -2
  end
  if verb == 'yield' and score and score < 0 then
    remember(id, due)
    return -1
  end
  if key then redis.call('ZREM', key, id) end
  redis.call('HDEL', INDEX, id)
  redis.call('HDEL', RUNG, id)
  channel.is_touched = true
  return score or -2
end

for first = OWN + 1, #ARGV, 2 do
  reply[#reply + 1] = visit(ARGV[first], tonumber(ARGV[first + 1]))
end
settle_touched()
return reply
