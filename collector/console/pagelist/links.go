package pagelist

func campaigns() []Page {
	return []Page{
		{Name: "links", Path: "/links"},
		{Name: "links-empty", Path: "/links", Reader: Empty},
		{Name: "builder", Path: "/builder"},
		{Name: "convention", Path: "/convention"},
		{Name: "audit", Path: "/audit?range=90d"},
		{Name: "audit-empty", Path: "/audit", Reader: Empty},
		{Name: "import", Path: "/import"},
		{Name: "doctor", Path: "/doctor"},
	}
}
