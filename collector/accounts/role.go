package accounts

// Role is what somebody may do on a site.
type Role string

// The roles. Each may do what those before it may.
const (
	Viewer   Role = "viewer"   // reads everything that reports say
	Marketer Role = "marketer" // also keeps links, selections, lead statuses, spend
	Admin    Role = "admin"    // also settings, keys, users, the audit
)

// Roles lists the roles, the weakest first.
func Roles() []Role { return []Role{Viewer, Marketer, Admin} }

func (r Role) rank() int {
	for i, known := range Roles() {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// Valid tells whether r is one of the roles.
func (r Role) Valid() bool { return r.rank() > 0 }

// Allows tells whether who has r may do what needs the other role.
func (r Role) Allows(needed Role) bool { return r.Valid() && r.rank() >= needed.rank() }

func stronger(a, b Role) Role {
	if b.rank() > a.rank() {
		return b
	}
	return a
}
