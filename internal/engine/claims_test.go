package engine

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestClaims(t *testing.T) {
	c := newClaims()
	one, other := claimant{uid: types.UID("1")}, claimant{uid: types.UID("2")}
	if _, held := c.take("role", one); held {
		t.Error("nobody held it")
	}
	if holder, held := c.take("role", other); !held || holder != one {
		t.Errorf("held %v by %v, want the first", held, holder)
	}
	c.drop("role", other)
	if _, held := c.take("role", other); !held {
		t.Error("who does not hold it let it go")
	}
	c.drop("role", one)
	if _, held := c.take("role", other); held {
		t.Error("it was let go")
	}
	for i := range 2 * mostClaims {
		c.set(fmt.Sprint(i), one)
	}
	if known := len(c.holders.Keys()); known > mostClaims {
		t.Errorf("%d claims, want at most %d", known, mostClaims)
	}
}
