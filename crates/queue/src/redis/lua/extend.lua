-- Renews a lease. Own arguments: id, fence, lease. Answers the new fence, or 0 if it is not the newest.
local channel, id, fence = channels[1], ARGV[OWN], tonumber(ARGV[OWN + 1])
local key, score = find(channel, id)
if score ~= -fence then return 0 end

local renewed = NOW + tonumber(ARGV[OWN + 2])
if renewed % 2 ~= fence % 2 then renewed = renewed + 1 end
redis.call('ZADD', key, text(-renewed), id)
settle(channel)
ring()
return renewed
