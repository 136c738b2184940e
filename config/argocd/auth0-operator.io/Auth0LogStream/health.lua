-- The kinds of auth0-operator.io follow kstatus: status.observedGeneration starts at -1, Stalled and Reconciling are there
-- only while true, and never both. What waits for something else is Progressing, never Degraded: a sync in several waves
-- goes on once the other thing is there.
local health = { status = "Progressing", message = "Waiting for auth0-operator to look at it" }
if obj.spec ~= nil and obj.spec.suspend == true then
  health.status = "Suspended"
  health.message = "spec.suspend is true"
  return health
end
if obj.status == nil or obj.status.conditions == nil then
  return health
end
local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end
local current = obj.status.observedGeneration == obj.metadata.generation
local ready, stalled, reconciling = conditions["Ready"], conditions["Stalled"], conditions["Reconciling"]
if current and stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
  health.message = stalled.message
elseif current and ready ~= nil and ready.status == "True" then
  -- Also while a regular check has to wait: nothing is known to be wrong.
  health.status = "Healthy"
  health.message = ready.message
elseif reconciling ~= nil and reconciling.status == "True" then
  health.message = reconciling.message
end
return health
