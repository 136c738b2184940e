package auth0

import (
	"context"
	"net/http"

	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routePasswordTicket = "/api/v2/tickets/password-change"
	routeUserBlocks     = "/api/v2/user-blocks/{id}"
)

// PasswordTicket creates a link with which a user chooses a password. It invalidates an earlier link, and sends no e-mail.
func (s *Session) PasswordTicket(ctx context.Context, request Document) (link string, err error) {
	answer, err := s.manage(ctx, http.MethodPost, routePasswordTicket, func(ctx context.Context) error {
		_, err := s.ticketsAPI.ChangePassword(ctx, nil, option.WithBodyProperties(request))
		return err
	})
	ticket, err := parseObject(answer, err)
	if err == nil && ticket.String("ticket") == "" {
		err = &Error{Class: ClassUnavailable, Route: "POST " + routePasswordTicket, Message: "the answer holds no ticket"}
	}
	return ticket.String("ticket"), err
}

// Unblock removes the blocks of brute-force protection from a user, but not a block by an administrator.
func (s *Session) Unblock(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeUserBlocks, func(ctx context.Context) error {
		return s.userBlocksAPI.Delete(ctx, id)
	})
	return err
}
