local suspended = obj.spec ~= nil and obj.spec.suspend == true
local actions = {}
actions["reconcile"] = { ["disabled"] = suspended }
actions["suspend"] = { ["disabled"] = suspended }
actions["resume"] = { ["disabled"] = not suspended }
actions["rotate-secret"] = { ["disabled"] = suspended or obj.spec.outputSecret == nil }
actions["rotate-key"] = { ["disabled"] = suspended }
return actions
