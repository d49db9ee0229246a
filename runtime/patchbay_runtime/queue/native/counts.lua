-- Answers {waiting, reserved, delayed, milliseconds the oldest one waits}.
local now = now_ms()
ensure_group()
promote_due(now)
local state = redis.call('XINFO', 'GROUPS', stream)[1]
local info = {}
for i = 1, #state, 2 do
  info[state[i]] = state[i + 1]
end
local reserved = info['pending']
local waiting = redis.call('XLEN', stream) - reserved
local oldest_ms = 0
if waiting > 0 then
  local first = redis.call('XRANGE', stream, '(' .. info['last-delivered-id'], '+', 'COUNT', 1)[1]
  oldest_ms = math.max(0, now - math.floor(tonumber(first[2][6])))
end
return {waiting, reserved, redis.call('ZCARD', delayed), oldest_ms}
