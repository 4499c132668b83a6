package schema

import (
	"reflect"
	"strings"
	"testing"
)

// TestEveryCampaignFieldCounts holds the lists in Tagged and ForgetClick to the struct: a new click id must be in both.
func TestEveryCampaignFieldCounts(t *testing.T) {
	for _, field := range Fields(Touch{}) {
		if field.By != "browser" || field.Max == 0 {
			continue
		}
		var touch Touch
		if err := SetField(&touch, field.Name, "x"); err != nil {
			t.Fatal(err)
		}
		isPage := field.Name == "landing_page" || field.Name == "referrer"
		if touch.Tagged() == isPage {
			t.Errorf("%s: Tagged is %t", field.Name, touch.Tagged())
		}
		if direct := field.Name == "landing_page"; touch.Direct() != direct {
			t.Errorf("%s: Direct is %t", field.Name, touch.Direct())
		}
		isClick := !isPage && !strings.HasPrefix(field.Name, "utm_")
		if id := clickOf(&touch); (id != clickNone) != isClick || isClick && clickNetworks[id].name != field.Name {
			t.Errorf("%s is the click id %q", field.Name, clickNetworks[id].name)
		}
		kept := touch
		touch.ForgetClick()
		if reflect.DeepEqual(touch, kept) == isClick {
			t.Errorf("%s: ForgetClick leaves %+v", field.Name, touch)
		}
	}
	touch := Touch{Parameters: map[string]string{"ref": "x"}}
	if touch.Tagged() || !touch.Direct() {
		t.Error("a custom parameter counts as a source")
	}
	if touch.ForgetClick(); touch.Parameters != nil {
		t.Error("ForgetClick leaves custom parameters")
	}
}
