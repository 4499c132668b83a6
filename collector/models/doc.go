// Package models shares conversions and money among the touches that led to them.
//
// Its input is a set of paths: sequences of names (channels, campaigns, pages: whatever a report is broken down by), each with how often it
// ended in a conversion, what that was worth, and how often it ended in nothing. Every model returns a credit for each name, and the credits
// sum exactly to the conversions and the worth of all paths.
//
// Belongs here: the arithmetic of the models, and reading paths from a file. Does not belong here: which touches make a path, which is SQL in
// schema/attribution; and a database, a site, a person: a path here is only names and numbers.
//
// README.md has each model's definition, where it comes from, and where it differs from other programs.
package models
