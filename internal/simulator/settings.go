package simulator

// defaultSettings are those of a new tenant.
func defaultSettings() doc {
	return doc{
		"enabled_locales": []any{"en"},
		"flags":           doc{"enable_client_connections": false},
		"sandbox_version": "22",
	}
}
