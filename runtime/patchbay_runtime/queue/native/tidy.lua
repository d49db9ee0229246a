-- ARGV: consumer that leaves ('' for none), idle milliseconds. Forgets consumers that hold nothing and are gone.
ensure_group()
for _, state in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local info = {}
  for i = 1, #state, 2 do
    info[state[i]] = state[i + 1]
  end
  if info['pending'] == 0 and (info['name'] == ARGV[1] or info['idle'] > tonumber(ARGV[2])) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, info['name'])
  end
end
return 1
