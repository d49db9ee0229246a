-- ARGV: consumer, lease in milliseconds, free slots, 1 if the consumer may take a last delivery, most deliveries,
-- seconds after which a silent worker is gone.
-- Takes over what no living worker holds: {entry, process, tenant, deliveries before, 'again' | 'last' | 'dead'}...
-- A last delivery and a dead letter are claimed without being counted: the count rises when the process is begun.
local consumer, lease_ms, free = ARGV[1], ARGV[2], tonumber(ARGV[3])
local may_take_last, most = ARGV[4] == '1', tonumber(ARGV[5])
local taken = {}
ensure_group()
promote_due(now_ms())
show_former_workers(ARGV[6])
for _, pending in ipairs(redis.call('XPENDING', stream, group, 'IDLE', lease_ms, '-', '+', 1000)) do
  local entry, deliveries = pending[1], pending[4]
  local kind = false
  if deliveries >= most then
    kind = 'dead'
  elseif deliveries == most - 1 then
    if may_take_last then
      kind = 'last'
      may_take_last = false
    end
  elseif free > 0 then
    kind = 'again'
    free = free - 1
  end
  if kind then
    if kind == 'again' then
      redis.call('XCLAIM', stream, group, consumer, 0, entry)
    else
      redis.call('XCLAIM', stream, group, consumer, 0, entry, 'JUSTID')
    end
    local found = redis.call('XRANGE', stream, entry, entry)[1]
    if found then
      table.insert(taken, {entry, found[2][2], found[2][4], deliveries, kind})
    end
  end
end
return taken
