-- ARGV: worker, record (JSON; '' strikes it off). Keeps what a worker tells of itself, with the time by Redis' clock.
local seen, records = unpack(KEYS)
if ARGV[2] == '' then
  redis.call('ZREM', seen, ARGV[1])
  redis.call('HDEL', records, ARGV[1])
else
  redis.call('ZADD', seen, redis.call('TIME')[1], ARGV[1])
  redis.call('HSET', records, ARGV[1], ARGV[2])
end
return 1
