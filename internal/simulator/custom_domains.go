package simulator

import "net/http"

const customDomainsPath = "custom-domains"

var (
	customDomainPath     = objectOf(`id! string len=1..`)
	customDomainCreation = objectOf(`
domain! string len=1..255 # Domain name.
type! string enum=auth0_managed_certs,self_managed_certs # Custom domain provisioning type. Must be auth0_managed_certs or self_managed_certs.
verification_method string enum=txt # Custom domain verification method. Must be txt.
tls_policy string enum=recommended
custom_client_ip_header string
domain_metadata object open
`)
)

// customDomains are simulated as far as an application must know which ones there are. The certificate of the simulator is for
// localhost and 127.0.0.1: one of them can be the custom domain of the other.
func customDomains() resource {
	return &collection[doc]{
		path: customDomainsPath, title: "a custom domain", scopes: "custom_domains", inPath: customDomainPath,
		id:       identifier{field: "custom_domain_id", new: func(*call) string { return shortID("cd_") }},
		list:     &operation{},
		get:      &operation{},
		create:   &operation{body: customDomainCreation},
		remove:   &operation{},
		defaults: doc{"primary": false, "status": "pending_verification"},
		unique:   []unique{{fields: []string{"domain"}, code: "custom_domain_exists", message: "Custom domain already exists"}},
		missing:  noCustomDomain,
		build:    buildCustomDomain,
		more: []*route{
			post(managementPrefix+customDomainsPath+"/{id}/verify", http.StatusOK, "create:custom_domains").pathOf(customDomainPath).
				logged("Verify a custom domain").does(verifyCustomDomain),
		},
	}
}

func noCustomDomain() *failure {
	return apiError(http.StatusNotFound, "inexistent_custom_domain", "The custom domain does not exist")
}

// buildCustomDomain adds how the domain can be verified.
func buildCustomDomain(_ *call, _, d doc) (doc, error) {
	method := doc{"name": "txt", "domain": "_cf-custom-hostname." + str(d, "domain"), "record": newUUID()}
	d["verification"] = doc{"methods": []any{method}}
	return d, nil
}

// verifyCustomDomain verifies every domain, because nobody can publish a DNS record here.
func verifyCustomDomain(c *call) (any, error) {
	domains := c.documents(customDomainsPath)
	found, ok := domains.Get(c.params["id"])
	if !ok {
		return nil, noCustomDomain()
	}
	verified := patch(omit(found, "verification"), doc{"status": "ready", "primary": true})
	domains.Put(c.params["id"], verified)
	return verified, nil
}
