package tenants

// HowToEnable says how to enable a connection for the operator's application.
const HowToEnable = "set spec.enabledClients of its Auth0Connection (items: [] is enough, without excludeOperator)"
