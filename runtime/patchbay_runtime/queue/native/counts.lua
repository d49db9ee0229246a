-- ARGV: seconds after which a silent worker is gone. Answers {waiting, reserved, delayed, milliseconds the oldest one waits}.
local now = now_ms()
ensure_group()
promote_due(now)
show_former_workers(ARGV[1])
local state = redis.call('XINFO', 'GROUPS', stream)[1]
local info = {}
for i = 1, #state, 2 do
  info[state[i]] = state[i + 1]
end
local reserved = info['pending']
local undelivered = redis.call('XLEN', stream) - reserved
local since = tonumber(redis.call('ZRANGE', oldest, 0, 0, 'WITHSCORES')[2] or now)
if undelivered > 0 then
  local first = redis.call('XRANGE', stream, '(' .. info['last-delivered-id'], '+', 'COUNT', 1)[1]
  since = math.min(since, tonumber(first[2][6]))
end
local count = redis.call('ZCARD', waiting) + undelivered
return {count, reserved, redis.call('ZCARD', delayed), math.max(0, math.floor(now - since))}
