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

// randomTemplate is a template that requests a random value. It is not a function of the template language: the value is created
// once and read back from the Secret, so it needs a key of its own.
var randomTemplate = regexp.MustCompile(`^\s*\{\{-?\s*random\s+(\d{1,4})\s*-?\}\}\s*$`)

// randomLength returns the length of the random value that a template requests, false if it requests none.
func randomLength(template v1alpha1.SecretTemplate) (int, bool) {
	found := randomTemplate.FindStringSubmatch(string(template))
	if found == nil {
		return 0, false
	}
	// It has four digits at most.
	length, _ := strconv.Atoi(found[1])
	return length, true
}

// randomKeys returns the keys of random values, with their lengths.
func randomKeys(templates map[string]v1alpha1.SecretTemplate) map[string]int {
	keys := map[string]int{}
	for key, template := range templates {
		if length, isRandom := randomLength(template); isRandom {
			keys[key] = length
		}
	}
	return keys
}

// checkRandom refuses a length that is too small to be secret, or unreasonably large.
func checkRandom(key string, length int) error {
	if length < shortestRandom || length > longestRandom {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret asks for %d random characters; ask for %d to %d", key, length, shortestRandom, longestRandom)
	}
	return nil
}

// addRandom adds the random values to data: the existing ones of the Secret, and new ones for the other keys.
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

// heldRandom returns the random value under a key, nil if the current value was not random.
func heldRandom(current *corev1.Secret, key string) []byte {
	if current == nil || !slices.Contains(strings.Split(current.Annotations[annotationRandom], ","), key) {
		return nil
	}
	return current.Data[key]
}

// newRandom returns so many random characters of an alphabet of 64.
func newRandom(length int) []byte {
	bits := make([]byte, length)
	// crypto/rand.Read never fails.
	_, _ = rand.Read(bits)
	return []byte(base64.RawURLEncoding.EncodeToString(bits)[:length])
}

// refuseToLoseRandom refuses to replace a Secret with random values: a failure between the deletion and the creation would lose
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
