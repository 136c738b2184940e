package simulator

// hub tells those who listen for events what happens in the tenant.
type hub struct{}

func newHub() *hub { return &hub{} }

func (h *hub) close() {}
