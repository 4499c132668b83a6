package pagelist

func campaigns() []Page {
	return []Page{
		{Name: "links", Path: "/links"},
		{Name: "links-empty", Path: "/links", Reader: Empty},
		{Name: "campaign", Path: "/links/{campaign}", Wait: ".qr img"},
		{Name: "builder", Path: "/builder"},
		{Name: "builder-preview", Path: "/builder", Wait: "#live:not([hidden])", Typed: map[string]string{
			"target": "{website}/pricing", "utm_source": "linkedin", "utm_medium": "paid-social", "utm_campaign": "spring-planing", "do": "preview"}},
		{Name: "convention", Path: "/convention"},
		{Name: "audit", Path: "/audit?range=90d"},
		{Name: "audit-empty", Path: "/audit", Reader: Empty},
		{Name: "import", Path: "/import"},
		{Name: "import-refused", Path: "/import", Wait: "[role=alert]", Typed: map[string]string{
			"text": "target,utm_source,utm_medium,utm_campaign\n{website}/,linkedin,paid-social,spring\nnowhere,linkedin,,spring\n"}},
		{Name: "doctor", Path: "/doctor"},
		{Name: "doctor-checked", Path: "/doctor", Wait: ".verdict", Typed: map[string]string{"address": "{website}/", "which": "site"}},
	}
}
