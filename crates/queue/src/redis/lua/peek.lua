-- Whose turn it is. Own argument: the most channels. Answers whether the shard is filled, in how many
-- microseconds the first channel opens (-1: none is in sight), then name and place in the line of each
-- channel that can be claimed from.
if redis.call('EXISTS', EPOCH) == 0 then return { 0, -1 } end

local reply = { 1, -1 }
if opened < FOREVER then reply[2] = math.max(opened - NOW, 0) end
local most = tonumber(ARGV[OWN])
if opened <= NOW and most > 0 then
  local line = redis.call('ZRANGEBYSCORE', LINE, '-inf', text(NOW), 'WITHSCORES', 'LIMIT', 0, most)
  for at = 1, #line do
    reply[#reply + 1] = line[at]
  end
end
return reply
