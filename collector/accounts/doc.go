// Package accounts is who may use the console: users, their role on each site, passwords, one-time links, sessions.
//
// Belongs here: what these are, how they are kept (entries of the desk; sessions in Redis), and the rules that keep an
// installation from losing its last admin or a site's admin from reaching another site. Does not belong here: pages, cookies
// and headers (console), keys of programs (api).
package accounts
