package main

// presuppose sets up what the recorded tenant had before the cassette began.
func (r *replayer) presuppose(_ Cassette, _ ids) error {
	var connections []struct{ ID string }
	if err := r.dashboard("GET", "/api/v2/connections", nil, &connections); err != nil {
		return err
	}
	return r.dashboard("PATCH", "/api/v2/connections/"+connections[0].ID, map[string]any{"options": map[string]any{
		"mfa": map[string]any{"active": true, "return_enroll_settings": true}, "requires_username": true,
	}}, nil)
}

// prepare sets up what one interaction presupposes.
func (r *replayer) prepare(Interaction, ids) error { return nil }
