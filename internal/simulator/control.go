package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// serveControl answers the switches under /_sim/, except the dashboard.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	controls := map[string]map[string]func(*http.Request) (any, error){
		"/_sim/reset": {"POST": func(*http.Request) (any, error) { s.Reset(); return doc{}, nil }},
		"/_sim/requests": {
			"GET":    func(*http.Request) (any, error) { return s.Requests(), nil },
			"DELETE": func(*http.Request) (any, error) { s.ResetRequests(); return s.Requests(), nil },
		},
		"/_sim/faults": {
			"GET":    func(*http.Request) (any, error) { return doc{"faults": s.Faults()}, nil },
			"POST":   s.controlFaults,
			"DELETE": func(*http.Request) (any, error) { s.ClearFaults(); return doc{"faults": s.Faults()}, nil },
		},
		"/_sim/clock": {
			"GET":  func(*http.Request) (any, error) { return doc{"now": timestamp(s.Now())}, nil },
			"POST": s.controlClock,
		},
		"/_sim/authorize": {"POST": s.controlAuthorize},
		"/_sim/device":    {"POST": s.controlDevice},
		"/_sim/emails": {
			"GET":    func(*http.Request) (any, error) { return doc{"emails": s.Emails()}, nil },
			"DELETE": func(*http.Request) (any, error) { s.clearEmails(); return doc{"emails": s.Emails()}, nil },
		},
	}
	methods, ok := controls[r.URL.Path]
	if !ok {
		send(w, http.StatusNotFound, doc{"error": fmt.Sprintf("%s does not exist; there are %v", r.URL.Path, sortedKeys(controls))}, nil)
		return
	}
	control, ok := methods[r.Method]
	if !ok {
		send(w, http.StatusMethodNotAllowed, doc{"error": fmt.Sprintf("%s takes %v", r.URL.Path, sortedKeys(methods))}, nil)
		return
	}
	body, err := control(r)
	if err != nil {
		send(w, http.StatusBadRequest, doc{"error": err.Error()}, nil)
		return
	}
	send(w, http.StatusOK, body, nil)
}

// readControl decodes a payload strictly: an unknown field is an error.
func readControl(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("one JSON value is expected")
	}
	return nil
}

func (s *Server) controlFaults(r *http.Request) (any, error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	rules, err := readFaults(data)
	if err != nil {
		return nil, fmt.Errorf(`expected {"method","route","times","status","body","headers","delay","drop","ignore"}, a list of such, `+
			`or {"faults":[...]}: %w`, err)
	}
	for i := range rules {
		if err := rules[i].validate(s.router); err != nil {
			return nil, err
		}
	}
	s.faults.add(rules...)
	return doc{"faults": s.Faults()}, nil
}

// readFaults reads one rule, a list of them, or an object with the list.
func readFaults(data []byte) ([]Fault, error) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '[' {
		var many []Fault
		err := readControl(data, &many)
		return many, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, err
	}
	if inner, ok := keys["faults"]; ok {
		var many []Fault
		err := readControl(inner, &many)
		return many, err
	}
	var one Fault
	err := readControl(data, &one)
	return []Fault{one}, err
}

func (s *Server) controlClock(r *http.Request) (any, error) {
	var body struct {
		Advance *Duration `json:"advance"`
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err == nil {
		err = readControl(data, &body)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf(`expected {"advance":"1h30m"}: %w`, err)
	case body.Advance == nil:
		return nil, errors.New(`expected {"advance":"1h30m"}`)
	}
	s.Advance(time.Duration(*body.Advance))
	return doc{"now": timestamp(s.Now())}, nil
}

func (s *Server) controlAuthorize(r *http.Request) (any, error) {
	var login Login
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err == nil {
		err = readControl(data, &login)
	}
	if err != nil {
		return nil, fmt.Errorf(`expected {"client_id","user_id","redirect_uri","audience","scope","nonce","code_challenge",`+
			`"code_challenge_method"}: %w`, err)
	}
	code, err := s.Authorize(login)
	if err != nil {
		return nil, err
	}
	return doc{"code": code}, nil
}

func (s *Server) controlDevice(r *http.Request) (any, error) {
	var approval DeviceApproval
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err == nil {
		err = readControl(data, &approval)
	}
	if err != nil {
		return nil, fmt.Errorf(`expected {"user_code","user_id"} or {"user_code","deny":true}: %w`, err)
	}
	return doc{}, s.ApproveDevice(approval)
}

func (s *Server) clearEmails() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.Emails = []Email{}
}
