package simulator

import (
	"slices"
	"time"
)

// maxFailures is how many failed logins in a row block an identifier from an address.
const maxFailures = 10

// blockDuration is how long after the last failure the block ends by itself.
const blockDuration = 30 * 24 * time.Hour

// failures count failed logins, and are blocks once there are maxFailures.
type failures struct {
	Connection string
	Identifier string
	IP         string
	UserID     string
	Count      int
	Last       time.Time
}

func (f *failures) blocked(now time.Time) bool {
	return f.Count >= maxFailures && now.Before(f.Last.Add(blockDuration))
}

func failureKey(connection, identifier, ip string) string {
	return connection + " " + identifier + " " + ip
}

var blockQuery = queryOf(`
identifier! string len=1.. # Should be any of a username, phone number, or email.
consider_brute_force_enablement boolean
`)

func userBlockRoutes() []*route {
	const path = "/api/v2/user-blocks"
	return []*route{
		get(path, "read:users").queryOf(blockQuery).does(blocksByIdentifier),
		remove(path, "update:users").queryOf(blockQuery).logged("Unblock by identifier").does(unblockByIdentifier),
		get(path+"/{id}", "read:users").pathOf(userPath).does(blocksOfUser),
		remove(path+"/{id}", "update:users").pathOf(userPath).logged("Unblock a user").does(unblockUser),
	}
}

// blocksWhere lists the blocks in force.
func (c *call) blocksWhere(keep func(*failures) bool) doc {
	out := []any{}
	for _, f := range c.Failures.Where(keep) {
		if f.blocked(c.now) {
			out = append(out, doc{"identifier": f.Identifier, "ip": f.IP})
		}
	}
	return doc{"blocked_for": out}
}

func (c *call) unblockWhere(keep func(*failures) bool) {
	for _, f := range c.Failures.Where(keep) {
		c.Failures.Delete(failureKey(f.Connection, f.Identifier, f.IP))
	}
}

// withIdentifier matches the failures of an identifier, and of the other identifiers of its user.
func (c *call) withIdentifier() func(*failures) bool {
	identifier := str(c.query, "identifier")
	var users []string
	for _, o := range c.Connections.All() {
		for _, kind := range identifierKinds {
			if u := c.index.holder(o.Name(), kind, identifier); u != nil {
				users = append(users, u.ID)
			}
		}
	}
	return func(f *failures) bool { return f.Identifier == identifier || slices.Contains(users, f.UserID) }
}

func blocksByIdentifier(c *call) (any, error) { return c.blocksWhere(c.withIdentifier()), nil }

func unblockByIdentifier(c *call) (any, error) {
	c.unblockWhere(c.withIdentifier())
	return nil, nil
}

func blocksOfUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.blocksWhere(func(f *failures) bool { return f.UserID == u.ID }), nil
}

func unblockUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	c.unblockWhere(func(f *failures) bool { return f.UserID == u.ID })
	return nil, nil
}
