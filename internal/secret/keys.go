package secret

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/secretdata"

	"achim/briefing"
)

// keyLen is the length of a key for AES-256-GCM.
const keyLen = 32

// What is wrong with a key, and what to do. None repeats it.
var (
	errNoKey     = errors.New("holds no key: make one with achim keys generate")
	errKey       = errors.New("is neither base64 nor a keyset of Tink as JSON: make one with achim keys generate")
	errKeyset    = errors.New("is JSON, but no keyset of Tink in the clear with AEAD keys: make one with achim keys generate --keyset")
	errEncrypted = errors.New("is a keyset that is itself encrypted: paste the one in the clear, or make one with achim keys generate --keyset")
	errPrefix    = errors.New("is a keyset with a key without Tink's prefix, so that nobody could tell what was sealed with it: make one with achim keys generate --keyset")
	errGuessable = errors.New("is one byte over and over, which anybody can guess: make one with achim keys generate")
)

// errLength says how long a key is that is not 32 bytes long.
func errLength(n int) error {
	return fmt.Errorf("is base64 of %d bytes, not of %d: make one with achim keys generate, or openssl rand -base64 32", n, keyLen)
}

// parseKeys reads a key or a keyset.
func parseKeys(material string) (*keyset.Handle, error) {
	material = strings.TrimSpace(material)
	switch {
	case material == "":
		return nil, errNoKey
	case strings.HasPrefix(material, "{"):
		return parseKeyset(material)
	}
	// Standard or for URLs, padded or not: which one is told by its characters.
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(material), "=")
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	switch {
	case err != nil:
		return nil, errKey
	case len(raw) != keyLen:
		return nil, errLength(len(raw))
	case bytes.Count(raw, raw[:1]) == keyLen:
		return nil, errGuessable
	}
	return handleOf(raw)
}

func parseKeyset(material string) (*keyset.Handle, error) {
	if strings.Contains(material, `"encryptedKeyset"`) {
		return nil, errEncrypted
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(material)))
	if err != nil {
		return nil, errKeyset
	}
	return handle, nil
}

// handleOf makes a keyset of one bare key, whose id follows from the key: whoever sets the same key everywhere gets
// the same id everywhere.
func handleOf(raw []byte) (*keyset.Handle, error) {
	sum := sha256.Sum256(append([]byte("achim key id v1\x00"), raw...))
	id := max(1, binary.BigEndian.Uint32(sum[:]))
	parameters, err := keyParameters()
	if err != nil {
		return nil, err
	}
	key, err := aesgcm.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), id, parameters)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManager()
	if _, err = manager.AddKey(key); err == nil {
		err = manager.SetPrimary(id)
	}
	if err != nil {
		return nil, err
	}
	return manager.Handle()
}

// keyParameters are those of the keys made here.
func keyParameters() (*aesgcm.Parameters, error) {
	return aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: keyLen, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink,
	})
}

// idsOf returns the ids of the keys that may be used, the primary one first.
func idsOf(handle *keyset.Handle) ([]string, error) {
	info := handle.KeysetInfo()
	var ids []string
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() != tinkpb.KeyStatusType_ENABLED {
			continue
		}
		if key.GetOutputPrefixType() != tinkpb.OutputPrefixType_TINK {
			return nil, errPrefix
		}
		id := fmt.Sprintf("%08X", key.GetKeyId())
		if key.GetKeyId() == info.GetPrimaryKeyId() {
			ids = slices.Insert(ids, 0, id)
		} else {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// GenerateKey returns a fresh key as base64.
func GenerateKey() briefing.Secret {
	raw := make([]byte, keyLen)
	_, _ = rand.Read(raw) // never fails: it ends the program instead
	return briefing.NewSecret(base64.StdEncoding.EncodeToString(raw))
}

// GenerateKeyset returns a keyset of one fresh key.
func GenerateKeyset() (briefing.Secret, error) { return withFresh(keyset.NewManager()) }

// Rotated returns a keyset with a fresh primary key, and every key there was, to open what they have sealed.
func (s *Sealer) Rotated() (briefing.Secret, error) {
	return withFresh(keyset.NewManagerFromHandle(s.handle))
}

// PrimaryAlone returns a keyset with the primary key and no other.
func (s *Sealer) PrimaryAlone() (briefing.Secret, error) {
	manager, info := keyset.NewManagerFromHandle(s.handle), s.handle.KeysetInfo()
	for _, key := range info.GetKeyInfo() {
		if key.GetKeyId() == info.GetPrimaryKeyId() {
			continue
		}
		if err := manager.Delete(key.GetKeyId()); err != nil {
			return briefing.Secret{}, err
		}
	}
	return asJSON(manager)
}

// withFresh adds a fresh primary key and returns the keyset.
func withFresh(manager *keyset.Manager) (briefing.Secret, error) {
	parameters, err := keyParameters()
	if err != nil {
		return briefing.Secret{}, err
	}
	id, err := manager.AddNewKeyFromParameters(parameters)
	if err != nil {
		return briefing.Secret{}, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return briefing.Secret{}, err
	}
	return asJSON(manager)
}

// asJSON returns the keyset as one line.
func asJSON(manager *keyset.Manager) (briefing.Secret, error) {
	handle, err := manager.Handle()
	if err != nil {
		return briefing.Secret{}, err
	}
	var text, line bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return briefing.Secret{}, err
	}
	if err := json.Compact(&line, text.Bytes()); err != nil {
		return briefing.Secret{}, err
	}
	return briefing.NewSecret(line.String()), nil
}
