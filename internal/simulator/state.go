package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// savedState is the form of a state file.
type savedState struct {
	Domain string
	Tenant *tenant
}

// load reads the state file, if there is one. The tenant may have had another port then.
func (s *Server) load() error {
	if s.options.StateFile == "" {
		return nil
	}
	data, err := os.ReadFile(s.options.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	var head struct{ Domain string }
	if err := json.Unmarshal(data, &head); err != nil || head.Domain == "" {
		return fmt.Errorf("simulator: %s is no state file: %w", s.options.StateFile, err)
	}
	data = bytes.ReplaceAll(data, []byte("https://"+head.Domain+"/"), []byte(s.URL+"/"))
	state := savedState{Tenant: emptyTenant(s.options.SearchDelay)}
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("simulator: %s: %w", s.options.StateFile, err)
	}
	state.Tenant.reindex(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant = state.Tenant
	s.admit()
	return nil
}

// reindex rebuilds the indexes, which are not saved.
func (t *tenant) reindex(s *Server) {
	for _, r := range t.Roles.All() {
		r.members = newTable[string]()
	}
	for _, u := range t.Users.All() {
		t.index.remember(u)
		t.index.search.apply(indexChange{id: u.ID, user: u})
		for _, a := range u.Roles {
			if r, ok := t.Roles.Get(a.ID); ok {
				r.members.Put(u.ID, a.At)
			}
		}
	}
	c := &call{Server: s, tenant: t}
	for _, o := range t.Organizations.All() {
		for id := range o.Members.All() {
			c.joined(id, o.ID)
		}
	}
}

// admit ensures that the application of the options may call the Management API.
func (s *Server) admit() {
	o, ok := s.tenant.Clients.Get(s.options.ClientID)
	if !ok {
		fresh := newTenant(s)
		o, _ = fresh.Clients.Get(s.options.ClientID)
		s.tenant.addClient(o)
		s.tenant.addGrant(doc{"client_id": o.ID, "audience": s.audience(), "scope": anys(managementScopes), "subject_type": "client"})
		return
	}
	changed := *o
	changed.Secret = s.options.ClientSecret
	s.tenant.Clients.Put(o.ID, &changed)
}

// save writes the state file atomically, if one is set.
func (s *Server) save() error {
	if s.options.StateFile == "" {
		return nil
	}
	s.mu.RLock()
	data, err := json.Marshal(savedState{Domain: s.Domain, Tenant: s.tenant})
	s.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.options.StateFile), ".state-*")
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), s.options.StateFile)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("simulator: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}
