package auth0

import "context"

const (
	routePasswordTicket = "/api/v2/tickets/password-change"
	routeUserBlocks     = "/api/v2/user-blocks/{id}"
)

// PasswordTicket creates a link with which a user chooses a password. It invalidates an earlier link, and sends no e-mail.
func (s *Session) PasswordTicket(ctx context.Context, request Document) (link string, err error) {
	ticket, err := parseObject(s.Do(ctx, post(routePasswordTicket, request)))
	if err == nil && ticket.String("ticket") == "" {
		err = &Error{Class: ClassUnavailable, Route: "POST " + routePasswordTicket, Message: "the answer holds no ticket"}
	}
	return ticket.String("ticket"), err
}

// Unblock removes the blocks of brute-force protection from a user, but not a block by an administrator.
func (s *Session) Unblock(ctx context.Context, id string) error {
	return s.run(ctx, remove(routeUserBlocks, nil, id))
}
