-- Gives slots to tasks or takes them away, limit or not. Own arguments: 'join' or 'leave', then for each
-- channel its place, how many tasks, and their ids.
local verb = ARGV[OWN] == 'join' and 'SADD' or 'SREM'

-- One by one, because an entry stands in another set once its task holds a slot.
local function change_each(channel, first, last)
  for at = first, last do
    local id = ARGV[at]
    if redis.call(verb, channel.slots, id) == 1 then
      channel.is_touched = true
      local key, score = find(channel, id)
      if key then
        redis.call('ZREM', key, id)
        put(channel, id, score)
      end
    end
  end
end

local at = OWN + 1
while at < #ARGV do
  local channel, first, last = channels[tonumber(ARGV[at])], at + 2, at + 1 + tonumber(ARGV[at + 1])
  if redis.call('EXISTS', channel.entries, channel.members) > 0 then
    change_each(channel, first, last)
  elseif redis.call(verb, channel.slots, unpack(ARGV, first, last)) > 0 then
    channel.is_touched = true
  end
  at = last + 1
end
settle_touched()
return 0
