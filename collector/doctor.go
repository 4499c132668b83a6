package main

import (
	"fmt"
	"slices"

	"github.com/headwater/headwater/collector/console"
	"github.com/headwater/headwater/collector/doctor"
	"github.com/headwater/headwater/snippet"
)

type doctorCommand struct {
	Site string `help:"The site whose page or link it is; may be left out where there is only one." placeholder:"ID"`
	Link bool   `help:"Only follow the address as a link, and say where its parameters get lost."`
	URL  string `arg:"" help:"The address of a page of the website, or of a link to it." placeholder:"URL"`
}

// Help is shown by headwater doctor -h.
func (doctorCommand) Help() string {
	return `Loads a page of the website and says whether the script is there, what blocks it, whether its forms are caught, and whether redirects on the
way strip campaign parameters. It reaches public addresses only, and those of doctor_hosts. The exit code is 1 where something does not work.

  headwater doctor https://www.example.com/
  headwater doctor --link 'https://example.com/offer?utm_source=linkedin'`
}

// longestSaid bounds a line that is printed, in characters: addresses and what a page names may be long.
const longestSaid = 4096

// Run is headwater doctor.
func (c doctorCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	site, err := chooseSite(l.Sites, c.Site)
	if err != nil {
		return usageError{err}
	}
	d := &doctor.Doctor{Fetcher: l.fetcher(), Site: site, PublicURL: l.publicURL(), Scripts: builds()}
	trace, found := (*doctor.Trace)(nil), []doctor.Finding(nil)
	if c.Link {
		trace = d.Trace(i.ctx, c.URL)
		found = trace.All()
	} else {
		examined := d.Check(i.ctx, c.URL)
		trace, found = examined.Trace, examined.All()
	}
	for n, step := range trace.Steps {
		fmt.Fprintf(i.stdout, "%d. %s", n+1, printable(step.URL, longestSaid))
		if step.Status != 0 { // there was an answer
			fmt.Fprintf(i.stdout, " (%d)", step.Status)
		}
		fmt.Fprintln(i.stdout)
	}
	if trace.Added {
		fmt.Fprintln(i.stdout, "   Parameters were added to the address, to see whether they survive.")
	}
	said, err := console.Diagnoses(found)
	if err != nil {
		return err
	}
	for _, diagnosis := range said {
		fmt.Fprintf(i.stdout, "\n%s: %s\n", diagnosis.Severity, printable(diagnosis.What, longestSaid))
		for _, more := range []string{diagnosis.Why, diagnosis.Do} {
			if more != "" {
				fmt.Fprintf(i.stdout, "      %s\n", printable(more, longestSaid))
			}
		}
	}
	if doctor.Worst(found) == doctor.Bad {
		return errTold
	}
	return nil
}

// fetcher is what the doctor looks at websites with.
func (c *Config) fetcher() *doctor.Fetcher {
	return &doctor.Fetcher{Hosts: slices.Clone(c.DoctorHosts), Agent: "Headwater-Doctor (asked by a user of " + c.publicURL() + ")"}
}

// builds are the scripts that the collector serves: of each name the latest release first, as the console tells people to pin it, then all
// others.
func builds() []doctor.Script {
	var list []doctor.Script
	for _, script := range []snippet.File{snippet.Core, snippet.Adapters} {
		if released, ok := snippet.Released(script.Name); ok {
			list = append(list, build(released))
		}
	}
	for _, file := range snippet.Files() {
		if !slices.Contains(list, build(file)) {
			list = append(list, build(file))
		}
	}
	return list
}

func build(file snippet.File) doctor.Script {
	return doctor.Script{Name: file.Name, Pinned: file.Pinned(), Version: file.Version, Integrity: file.Integrity}
}
