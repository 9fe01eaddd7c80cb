-- Gives slots to tasks or takes them away, limit or not. Own arguments: 'join' or 'leave', then the ids.
local channel, is_join = channels[1], ARGV[OWN] == 'join'

for at = OWN + 1, #ARGV do
  local id = ARGV[at]
  local is_changed = redis.call(is_join and 'SADD' or 'SREM', channel.slots, id) == 1
  if is_changed then
    channel.is_touched = true
    local key, score = find(channel, id)
    if key then
      redis.call('ZREM', key, id)
      put(channel, id, score)
    end
  end
end
settle_touched()
return 0
