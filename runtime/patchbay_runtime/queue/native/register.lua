-- ARGV: worker, record (JSON; '' strikes it off). Keeps what a worker tells of itself, with the time by Redis' clock.
local seen, records, in_turns = unpack(KEYS)
if ARGV[2] == '' then
  redis.call('ZREM', seen, ARGV[1])
  redis.call('ZREM', in_turns, ARGV[1])
  redis.call('HDEL', records, ARGV[1])
else
  local now = redis.call('TIME')[1]
  redis.call('ZADD', seen, now, ARGV[1])
  redis.call('ZADD', in_turns, now, ARGV[1])
  redis.call('HSET', records, ARGV[1], ARGV[2])
end
return 1
