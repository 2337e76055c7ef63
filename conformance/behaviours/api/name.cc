// Names, labels and annotations: which are taken, and how the server makes one.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;

namespace {

Value Generated(std::string_view prefix) {
  return Obj({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", Obj({{"generateName", prefix}})}});
}

void ExpectSuffix(Context& t, const std::string& name, const std::string& base) {
  // k8s.io/apimachinery/pkg/util/rand: no vowels and nothing that looks like one.
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  t.Expect(name.size() == base.size() + 5 && name.starts_with(base), "five characters after " + base + ": " + name);
  t.Expect(name.find_first_not_of(kAlphabet, base.size()) == std::string::npos, "they are of the alphabet: " + name);
}

void ExpectRefusedName(Context& t, const client::Resource& resource, const Value& object) {
  api::ApiStatus status =
      t.MustFail(t.CreateAt({resource, resource.namespaced ? t.ns() : "", "", ""}, object), 422, "Invalid");
  ExpectCause(t, status, "metadata.name", "FieldValueInvalid");
}

}  // namespace

BEHAVIOUR("api/name/generated-from-a-prefix") {
  t.Once([&] {
    std::string first = NameOf(t.Must(t.Create(kConfigMaps, Generated("job-")), "create by generateName"));
    std::string second = NameOf(t.Must(t.Create(kConfigMaps, Generated("job-")), "create by generateName"));
    ExpectSuffix(t, first, "job-");
    ExpectSuffix(t, second, "job-");
    t.Expect(first != second, "two objects get two names");
    std::string long_base(70, 'x');
    std::string name = NameOf(t.Must(t.Create(kConfigMaps, Generated(long_base)), "create with a long prefix"));
    ExpectSuffix(t, name, long_base.substr(0, 58));
  });
}

BEHAVIOUR("api/name/invalid-ones-are-refused") {
  for (std::string_view name : {"Upper", "under_score", "-dash", "dot.", "a..b"}) {
    ExpectRefusedName(t, kConfigMaps, ConfigMap(name));
  }
  ExpectRefusedName(t, kConfigMaps, ConfigMap(std::string(254, 'a')));
  t.Step("names that must be one label");
  ExpectRefusedName(t, client::kNamespaces, Named("a.b"));
  ExpectRefusedName(t, client::kNamespaces, Named(std::string(64, 'a')));
  ExpectRefusedName(t, client::kServices, Service("1a", Obj({{"app", "web"}})));
  t.Step("a name is needed");
  api::ApiStatus status = t.MustFail(t.Create(kConfigMaps, ConfigMap("")), 422, "Invalid");
  ExpectCause(t, status, "metadata.name", "FieldValueRequired");
  t.Step("the longest name is taken");
  t.MustCreate(kConfigMaps, ConfigMap(std::string(253, 'a')));
}

BEHAVIOUR("api/name/labels-and-annotations-are-checked") {
  Value long_value = WithLabels(ConfigMap("a"), Obj({{"k", std::string(64, 'v')}}));
  ExpectCause(t, t.MustFail(t.Create(kConfigMaps, long_value), 422, "Invalid"), "metadata.labels", "FieldValueInvalid");
  Value bad_key = WithLabels(ConfigMap("a"), Obj({{"a/b/c", "v"}}));
  ExpectCause(t, t.MustFail(t.Create(kConfigMaps, bad_key), 422, "Invalid"), "metadata.labels", "FieldValueInvalid");
  Value blank = WithLabels(ConfigMap("a"), Obj({{"k", "two words"}}));
  ExpectCause(t, t.MustFail(t.Create(kConfigMaps, blank), 422, "Invalid"), "metadata.labels", "FieldValueInvalid");
  Value large = ConfigMap("a").With({"metadata", "annotations"}, Obj({{"k", std::string(256 * 1024, 'x')}}));
  ExpectCause(t, t.MustFail(t.Create(kConfigMaps, large), 422, "Invalid"), "metadata.annotations", "FieldValueTooLong");
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
  Value fits = WithLabels(ConfigMap("a"), Obj({{"example.com/k", std::string(63, 'v')}, {"empty", ""}}));
  t.MustCreate(kConfigMaps, fits);
}

BEHAVIOUR("api/name/of-body-and-url-must-agree") {
  t.MustCreate(kConfigMaps, ConfigMap("a"));
  ExchangeOptions other{.content_type = "application/json",
                        .body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}})"};
  Exchange answer = MustSend(t, "PUT", PathTo(t, kConfigMaps, "a"), 400, other);
  t.ExpectEq(answer.body["reason"], "BadRequest", "the reason");
  t.ExpectError(t.Create(kConfigMaps, ConfigMap("c").With({"metadata", "namespace"}, "elsewhere")), 400, "BadRequest",
                "namespace");
  t.ExpectError(t.Get(kConfigMaps, "b"), 404, "NotFound");
  t.ExpectError(t.Get(kConfigMaps, "c"), 404, "NotFound");
}

}  // namespace kp::conformance
