#include "reference/api/object_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/api/json.h"
#include "reference/api/schema_parser.h"

namespace kp::api {
namespace {

using testing::ElementsAre;

// A small kind that has one of everything.
constexpr std::string_view kWidget = R"(
group example.com v1 com.example.v1
kind Widget widgets : A test object.
  namespaced
  generation
  subresource status
  select spec.colour spec.on?
  0 spec WidgetSpec : Desired state.
  0 status WidgetStatus status : Observed state.
type WidgetSpec : Spec.
  1 colour string required enum=red,green : Colour.
  2 size *int32 min=0 default=1 : Size.
  3 ports []WidgetPort keys=number,protocol unique : Ports.
  4 serial string immutable : Serial number.
  5 on bool : Switch.
  6 tags map[string]string : Tags.
  7 strategy WidgetStrategy : How to change.
  8 level *int32 : A pointer.
type WidgetPort : Port.
  1 number int32 required min=1 max=65535 : Number.
  2 protocol string default=TCP : Protocol.
type WidgetStrategy : Strategy.
  1 type string default=Rolling : Type.
type WidgetStatus : Status.
  1 ready int32 keep : Ready.
)";

class ObjectRules : public testing::Test {
 protected:
  static Registry Parse() {
    // Meta types come from the built-in files.
    Result<Registry> registry = ParseSchemas({{"widget", kWidget}});
    EXPECT_TRUE(registry.ok()) << registry.status().ToString();
    return std::move(registry).value();
  }
  static Value Json(std::string_view text) { return ParseJson(text).value(); }

  Registry registry_ = Parse();
  const Kind& kind_ = *registry_.FindKind({"example.com", "v1", "Widget"});
};

TEST_F(ObjectRules, UnknownFieldsAreDroppedAndReportedWithTheirPath) {
  DecodeReport report;
  Value object = Canonicalize(kind_, Json(R"({"apiVersion":"example.com/v1","kind":"Widget","foo":1,
                      "spec":{"ports":[{"number":1},{"number":2,"bar":true}]}})"),
                              report);
  EXPECT_EQ(ToJson(object), R"({"apiVersion":"example.com/v1","kind":"Widget",)"
                            R"("spec":{"ports":[{"number":1},{"number":2}]}})");
  EXPECT_THAT(report.StrictErrors({"spec.colour"}),
              ElementsAre(R"(unknown field "foo")", R"(duplicate field "spec.colour")",
                          R"(unknown field "spec.ports[1].bar")"));
}

TEST_F(ObjectRules, TypeErrorsNameFieldAndTypes) {
  DecodeReport report;
  Canonicalize(kind_, Json(R"({"spec":{"size":"big","ports":{},"level":3000000000}})"), report);
  EXPECT_THAT(report.type_errors,
              ElementsAre("spec.level: 3000000000 does not fit into 32 bits", "spec.ports: expected array, got object",
                          R"(spec.size: expected integer, got string "big")"));
}

TEST_F(ObjectRules, ZeroStaysInPointersOnly) {
  DecodeReport report;
  Value object = Canonicalize(
      kind_, Json(R"({"spec":{"size":0,"on":false,"serial":"","ports":[],"level":null,"strategy":{}}})"), report);
  EXPECT_EQ(ToJson(object), R"({"spec":{"size":0}})");
}

TEST_F(ObjectRules, CanonicalObjectsAreNotCopied) {
  DecodeReport report;
  Value object = Json(R"({"kind":"Widget","spec":{"colour":"red","ports":[{"number":1}]}})");
  EXPECT_TRUE(Canonicalize(kind_, object, report).SameNode(object));
}

TEST_F(ObjectRules, DefaultsFillStructsButNotAbsentPointers) {
  Value object = ApplyDefaults(kind_, Json(R"({"spec":{"colour":"red","ports":[{"number":1}]}})"));
  EXPECT_EQ(ToJson(object), R"({"spec":{"colour":"red","ports":[{"number":1,"protocol":"TCP"}],"size":1,)"
                            R"("strategy":{"type":"Rolling"}},"status":{"ready":0}})");
  EXPECT_TRUE(ApplyDefaults(kind_, object).SameNode(object));
}

TEST_F(ObjectRules, ValidationGivesUpstreamTexts) {
  struct Case {
    std::string_view spec;
    FieldCause cause;
  };
  const Case cases[] = {
      {R"({})", {"FieldValueRequired", "spec.colour", "Required value"}},
      {R"({"colour":"blue"})",
       {"FieldValueNotSupported", "spec.colour", R"(Unsupported value: "blue": supported values: "green", "red")"}},
      {R"({"colour":"red","size":-1})",
       {"FieldValueInvalid", "spec.size", "Invalid value: -1: must be greater than or equal to 0"}},
      {R"({"colour":"red","ports":[{}]})",
       {"FieldValueInvalid", "spec.ports[0].number", "Invalid value: 0: must be between 1 and 65535, inclusive"}},
      {R"({"colour":"red","ports":[{"number":1,"protocol":"UDP"},{"number":1,"protocol":"UDP"}]})",
       {"FieldValueDuplicate", "spec.ports[1]", R"(Duplicate value: {"number":1,"protocol":"UDP"})"}},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Validate(kind_, Obj({{"spec", Json(c.spec)}})), ElementsAre(c.cause)) << c.spec;
  }
  EXPECT_THAT(Validate(kind_, Json(R"({"spec":{"colour":"red","size":0}})")), testing::IsEmpty());
}

TEST_F(ObjectRules, ImmutableFieldsMayNotChange) {
  Value old = Json(R"({"spec":{"serial":"a"}})");
  EXPECT_THAT(ValidateUpdate(kind_, Json(R"({"spec":{"serial":"b"}})"), old),
              ElementsAre(FieldCause{"FieldValueInvalid", "spec.serial", R"(Invalid value: "b": field is immutable)"}));
  EXPECT_THAT(ValidateUpdate(kind_, Json(R"({"spec":{"serial":"a","size":2}})"), old), testing::IsEmpty());
}

TEST_F(ObjectRules, SpecAndStatusAreWrittenApart) {
  Value old = Json(R"({"metadata":{"name":"a"},"spec":{"size":1},"status":{"ready":1}})");
  Value both = Json(R"({"metadata":{"name":"a","labels":{"x":"y"}},"spec":{"size":2},"status":{"ready":2}})");
  EXPECT_EQ(ToJson(KeepStatus(kind_, both, old)),
            R"({"metadata":{"labels":{"x":"y"},"name":"a"},"spec":{"size":2},"status":{"ready":1}})");
  EXPECT_EQ(ToJson(TakeStatus(kind_, both, old)),
            R"({"metadata":{"labels":{"x":"y"},"name":"a"},"spec":{"size":1},"status":{"ready":2}})");
  EXPECT_TRUE(SpecChanged(kind_, both, old));
  EXPECT_FALSE(SpecChanged(kind_, TakeStatus(kind_, both, old), old));
}

TEST_F(ObjectRules, SelectableFieldsIncludeNameNamespaceAndAbsentOnes) {
  auto fields = SelectableFields(kind_, Json(R"({"metadata":{"name":"a","namespace":"n"},"spec":{}})"));
  EXPECT_EQ(fields,
            (std::map<std::string, std::string>{
                {"metadata.name", "a"}, {"metadata.namespace", "n"}, {"spec.colour", ""}, {"spec.on", "false"}}));
  EXPECT_FALSE(IsSelectable(kind_, "spec.size"));
}

TEST(SchemaParser, ErrorsNameFileAndLine) {
  EXPECT_EQ(ParseSchemas({{"a.schema", "group core v1 p\ntype A : x\n  1 b string colour=red"}}).status().message(),
            "a.schema:3: unknown attribute 'colour'");
  EXPECT_EQ(ParseSchemas({{"a.schema", "group core v1 p\ntype A : x\n  1 b Nope : x"}}).status().message(),
            "unknown type Nope in A");
}

}  // namespace
}  // namespace kp::api
