package controlplane

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// port is a TCP port on 127.0.0.1 that belongs to this process for as long as it is held.
//
// Asking the kernel for a free port, closing it and passing the number on is a race: somebody else may get the same
// number in between, all the more when several test packages start at once. So the socket stays bound. It never
// listens, hence gets no connection, and the API server joins it with SO_REUSEPORT (--permit-port-sharing). This also
// keeps the port while the API server restarts.
type port struct {
	number int
	socket int
}

func holdPort() (*port, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("reserving a port: %w", err)
	}
	number, err := bindReusable(socket)
	if err != nil {
		_ = unix.Close(socket)
		return nil, fmt.Errorf("reserving a port: %w", err)
	}
	return &port{number: number, socket: socket}, nil
}

func bindReusable(socket int) (int, error) {
	unix.CloseOnExec(socket)
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, fmt.Errorf("setting SO_REUSEPORT: %w", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, fmt.Errorf("binding 127.0.0.1: %w", err)
	}
	address, err := unix.Getsockname(socket)
	if err != nil {
		return 0, fmt.Errorf("reading the address: %w", err)
	}
	ipv4, ok := address.(*unix.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("reading the address: got a %T", address)
	}
	return ipv4.Port, nil
}

func (p *port) release() {
	_ = unix.Close(p.socket)
}
