package simulator

import "net/http"

const customDomainsPath = "/api/v2/custom-domains"

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

// customDomainRoutes serve custom domains as far as an application must know which ones there are. The certificate of the
// simulator is for localhost and 127.0.0.1: one of them can be the custom domain of the other.
func customDomainRoutes() []*route {
	const one = customDomainsPath + "/{id}"
	return []*route{
		get(customDomainsPath, "read:custom_domains").does(listCustomDomains),
		post(customDomainsPath, http.StatusCreated, "create:custom_domains").bodyOf(customDomainCreation).
			logged("Create a custom domain").does(createCustomDomain),
		get(one, "read:custom_domains").pathOf(customDomainPath).does(getCustomDomain),
		post(one+"/verify", http.StatusOK, "create:custom_domains").pathOf(customDomainPath).
			logged("Verify a custom domain").does(verifyCustomDomain),
		remove(one, "delete:custom_domains").pathOf(customDomainPath).logged("Delete a custom domain").does(deleteCustomDomain),
	}
}

func noCustomDomain() *failure {
	return apiError(http.StatusNotFound, "inexistent_custom_domain", "The custom domain does not exist")
}

func (c *call) customDomain() (doc, error) {
	if found, ok := c.CustomDomains.Get(c.params["id"]); ok {
		return found, nil
	}
	return nil, noCustomDomain()
}

func listCustomDomains(c *call) (any, error) {
	out := []any{}
	for _, found := range c.CustomDomains.All() {
		out = append(out, found)
	}
	return out, nil
}

// createCustomDomain adds a domain that still has to be verified.
func createCustomDomain(c *call) (any, error) {
	for _, other := range c.CustomDomains.All() {
		if other["domain"] == c.body["domain"] {
			return nil, apiError(http.StatusConflict, "custom_domain_exists", "Custom domain already exists")
		}
	}
	id := "cd_" + random(16, alphanumerics)
	created := patch(c.body, doc{
		"custom_domain_id": id, "primary": false, "status": "pending_verification",
		"verification": doc{"methods": []any{doc{"name": "txt", "domain": "_cf-custom-hostname." + str(c.body, "domain"), "record": newUUID()}}},
	})
	c.CustomDomains.Put(id, created)
	return created, nil
}

func getCustomDomain(c *call) (any, error) { return c.customDomain() }

// verifyCustomDomain verifies every domain, because nobody can publish a DNS record here.
func verifyCustomDomain(c *call) (any, error) {
	found, err := c.customDomain()
	if err != nil {
		return nil, err
	}
	verified := patch(omit(found, "verification"), doc{"status": "ready", "primary": true})
	c.CustomDomains.Put(c.params["id"], verified)
	return verified, nil
}

func deleteCustomDomain(c *call) (any, error) {
	c.CustomDomains.Delete(c.params["id"])
	return nil, nil
}
