-- Answers {finished in the last hour, finished in this and the last minute, seconds of these,
--   finished in the last ten minutes, their runtime in milliseconds, failed in the last seven days}.
local now = now_ms()
local this_minute = math.floor(now / 60000)
local hour, two_minutes, ten_minutes, runtime_ms, failed = 0, 0, 0, 0, 0
local fields = redis.call('HGETALL', minutes)
for i = 1, #fields, 2 do
  local age = this_minute - tonumber(string.match(fields[i], '^%d+'))
  local what, value = string.match(fields[i], '[a-z_]+$'), tonumber(fields[i + 1])
  if what == 'runtime_ms' then
    if age < 10 then runtime_ms = runtime_ms + value end
  else
    if age < 60 then hour = hour + value end
    if age < 10 then ten_minutes = ten_minutes + value end
    if age < 2 then two_minutes = two_minutes + value end
  end
end
local failures_by_hour = redis.call('HGETALL', failures)
for i = 1, #failures_by_hour, 2 do
  if math.floor(now / 3600000) - tonumber(failures_by_hour[i]) < 168 then
    failed = failed + tonumber(failures_by_hour[i + 1])
  end
end
return {hour, two_minutes, 60 + math.floor(now / 1000) % 60, ten_minutes, runtime_ms, failed}
