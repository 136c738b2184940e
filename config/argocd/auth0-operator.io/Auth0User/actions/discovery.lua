local suspended = obj.spec ~= nil and obj.spec.suspend == true
local actions = {}
actions["reconcile"] = { ["disabled"] = suspended }
actions["suspend"] = { ["disabled"] = suspended }
actions["resume"] = { ["disabled"] = not suspended }
actions["rotate-password"] = { ["disabled"] = suspended or obj.spec.password == nil or obj.spec.password.generate == nil }
actions["invite"] = { ["disabled"] = suspended or obj.spec.invitation == nil }
actions["unblock"] = { ["disabled"] = suspended }
return actions
