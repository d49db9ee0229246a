-- ARGV: entries. Gives reserved entries back to the waiting ones, and their tenants the turns that these have cost.
local function give_turn_back(tenant)
  local ended = redis.call('ZSCORE', ends, tenant)
  -- Who is not among the ends has nothing to pay back.
  if not ended then
    return
  end
  redis.call('ZADD', ends, ended - 1, tenant)
  local starts = redis.call('ZSCORE', turns, tenant)
  if starts then
    -- Not before the present: who has come meanwhile is not overtaken.
    redis.call('ZADD', turns, math.max(starts - 1, virtual_time()), tenant)
  end
end

for i = 1, #ARGV do
  local found = redis.call('XRANGE', stream, ARGV[i], ARGV[i])[1]
  if found and remove_reserved(ARGV[i]) then
    give_turn_back(found[2][4])
    add_waiting(found[2][2], found[2][4], found[2][6])
  end
end
return 1
