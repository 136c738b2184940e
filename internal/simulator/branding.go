package simulator

var brandingChange = objectOf(`
colors object?
  primary string? pattern=^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$ # color of buttons and links
  page_background string|object? pattern=^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$ # color or gradient of the page
    type! string enum=linear-gradient
    start! string pattern=^#[A-Fa-f0-9]{6}$
    end! string pattern=^#[A-Fa-f0-9]{6}$
    angle_deg integer range=0..360
favicon_url string? pattern=^https:// # https URL of the favicon
logo_url string? pattern=^https:// # https URL of the logo
font object?
  url string? pattern=^https:// # https URL of a font file
`)

// branding is how the login pages look. A new tenant has said nothing about it.
func branding() resource {
	return &collection[doc]{
		path: "branding", title: "branding settings", scopes: "branding",
		get: &operation{}, update: &operation{body: brandingChange}, defaults: doc{},
	}
}
