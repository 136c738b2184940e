package secret

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

const (
	shortestRandom = 16
	longestRandom  = 256
)

// randomTemplate is a template that asks for a random value. It is no function of the template language, as the value is made once and
// read back from the Secret: it has a key to itself.
var randomTemplate = regexp.MustCompile(`^\s*\{\{-?\s*random\s+(\d{1,4})\s*-?\}\}\s*$`)

// randomLength returns how long a random value a template asks for, false if it asks for none.
func randomLength(template v1alpha1.SecretTemplate) (int, bool) {
	found := randomTemplate.FindStringSubmatch(string(template))
	if found == nil {
		return 0, false
	}
	// It has four digits at most.
	length, _ := strconv.Atoi(found[1])
	return length, true
}

// randomKeys are the keys that hold random values, with the lengths of these.
func randomKeys(templates map[string]v1alpha1.SecretTemplate) map[string]int {
	keys := map[string]int{}
	for key, template := range templates {
		if length, isRandom := randomLength(template); isRandom {
			keys[key] = length
		}
	}
	return keys
}

// checkRandom refuses a length that is too small to be secret, or more than anybody needs.
func checkRandom(key string, length int) error {
	if length < shortestRandom || length > longestRandom {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret asks for %d random characters; ask for %d to %d", key, length, shortestRandom, longestRandom)
	}
	return nil
}

// addRandom adds the random values to data: those that the Secret holds, and new ones for the rest.
func (o Output) addRandom(data map[string][]byte, current *corev1.Secret) map[string][]byte {
	if len(o.Random) == 0 {
		return data
	}
	data = maps.Clone(data)
	for key, length := range o.Random {
		if held := heldRandom(current, key); len(held) > 0 {
			data[key] = held
			continue
		}
		data[key] = newRandom(length)
	}
	return data
}

// heldRandom returns the random value under a key, nil if what is there was put there for something else.
func heldRandom(current *corev1.Secret, key string) []byte {
	if current == nil || !slices.Contains(strings.Split(current.Annotations[annotationRandom], ","), key) {
		return nil
	}
	return current.Data[key]
}

// newRandom makes that many random characters, each of them one of 64.
func newRandom(length int) []byte {
	bits := make([]byte, length)
	// crypto/rand.Read never fails.
	_, _ = rand.Read(bits)
	return []byte(base64.RawURLEncoding.EncodeToString(bits)[:length])
}

// refuseToLoseRandom refuses to replace a Secret with random values: anyone who fails between the deletion and the creation has lost
// them.
func (o Output) refuseToLoseRandom(current *corev1.Secret) error {
	for _, key := range slices.Sorted(maps.Keys(o.Random)) {
		if len(heldRandom(current, key)) > 0 {
			return problem.Stalled(v1alpha1.ReasonSecretConflict,
				"Secret %s/%s must be replaced, as it is immutable or outputSecret.type changed, and the random value of key %s could get lost; take the former type, or delete the Secret to have a new value generated",
				current.Namespace, current.Name, key)
		}
	}
	return nil
}
