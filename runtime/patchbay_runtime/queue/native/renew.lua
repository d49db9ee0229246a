-- ARGV: consumer, entries. Renews the consumer's leases; answers the entries that another consumer took over.
local lost = {}
for i = 2, #ARGV do
  if #redis.call('XPENDING', stream, group, ARGV[i], ARGV[i], 1, ARGV[1]) > 0 then
    redis.call('XCLAIM', stream, group, ARGV[1], 0, ARGV[i], 'JUSTID')
  else
    table.insert(lost, ARGV[i])
  end
end
return lost
