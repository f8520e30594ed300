package identity

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"
)

// sessionsFor is after how long somebody has to sign in anew, whatever they did.
const sessionsFor = 30 * 24 * time.Hour

// session is somebody who signed in and has not signed out.
type session struct {
	Person string    `json:"person"` // see Person.Hint
	Scopes []string  `json:"scopes"`
	Since  time.Time `json:"since"`
}

// sessions keeps the sessions in a file, by the digests of their refresh tokens. It is
// written when one begins or ends.
type sessions struct {
	file  string
	clock func() time.Time

	mu   sync.Mutex
	byID map[string]session
}

func openSessions(file string, clock func() time.Time) (*sessions, error) {
	s := &sessions{file: file, clock: clock, byID: make(map[string]session)}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s.byID)
	}
	if err != nil {
		return nil, fmt.Errorf("read who is signed in: %w: remove %s, and everybody signs in anew", err, file)
	}
	return s, nil
}

// begin begins a session and returns its refresh token.
func (s *sessions) begin(x session) (token string, err error) {
	token = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[digest(token)] = x
	return token, s.write()
}

func (s *sessions) find(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.byID[id]
	return x, ok && !s.over(x)
}

// end ends a session; one that is not known has ended.
func (s *sessions) end(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
	return s.write()
}

func (s *sessions) over(x session) bool { return s.clock().Sub(x.Since) > sessionsFor }

// write replaces the file. A power cut may lose the last change: somebody signs in, or
// out, once more.
func (s *sessions) write() error {
	maps.DeleteFunc(s.byID, func(_ string, x session) bool { return s.over(x) })
	text, err := json.MarshalIndent(s.byID, "", " ")
	if err != nil {
		return fmt.Errorf("encode who is signed in: %w", err)
	}
	if err = os.WriteFile(s.file+".new", text, 0o600); err == nil {
		err = os.Rename(s.file+".new", s.file)
	}
	if err != nil {
		return fmt.Errorf("keep who is signed in: %w", err)
	}
	return nil
}
