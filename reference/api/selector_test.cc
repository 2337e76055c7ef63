#include "reference/api/selector.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

std::string Printed(std::string_view text) {
  Result<Selector> selector = Selector::Parse(text);
  return selector.ok() ? selector->ToString() : selector.error().message();
}

TEST(Selector, PrintsCanonically) {
  struct {
    std::string_view text, printed;
  } const cases[] = {
      {"", ""},
      {" a = b ", "a=b"},
      {"a==b", "a==b"},
      {"a!=b", "a!=b"},
      {"z,!a", "!a,z"},
      {"x in (c,a,,b)", "x in (,a,b,c)"},
      {"x notin ()", "x notin ()"},
      {"x in (in,notin)", "x in (in,notin)"},
      {"in=in", "in=in"},
      {"a=", "a="},
      {"a=,b", "a=,b"},
      {"example.com/a>3", "example.com/a>3"},
      {"a<3", "a<3"},
  };
  for (const auto& c : cases) EXPECT_EQ(Printed(c.text), c.printed) << c.text;
}

TEST(Selector, RefusesInUpstreamsWords) {
  struct {
    std::string_view text, error;
  } const cases[] = {
      {"a,", "found '', expected: identifier after ','"},
      {",a", "found ',', expected: !, identifier, or 'end of string'"},
      {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"a=b c", "found 'c', expected: ',' or 'end of string'"},
      {"a in b", "unable to parse requirement: found 'b' expected: '('"},
      {"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
      {"a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"},
      {"a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"},
      {"a=(", "unable to parse requirement: found '(', expected: identifier"},
      {"!", "unable to parse requirement: found '', expected: identifier"},
      {"!a=b", "found '=', expected: ',' or 'end of string'"},
      {"a>b",
       "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an "
       "integer"},
      {"/a=b", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty"},
  };
  for (const auto& c : cases) EXPECT_EQ(Printed(c.text), c.error) << c.text;
}

TEST(Selector, Matches) {
  Value labels = Obj({{"app", "web"}, {"n", "5"}, {"empty", ""}});
  struct {
    std::string_view text;
    bool matches;
  } const cases[] = {
      {"", true},
      {"app=web", true},
      {"app==api", false},
      {"app!=api", true},
      {"app!=web", false},
      {"missing!=x", true},
      {"missing=x", false},
      {"app in (api,web)", true},
      {"missing in (x)", false},
      {"app notin (api,web)", false},
      {"missing notin (x)", true},
      {"app,!missing", true},
      {"missing", false},
      {"!app", false},
      {"n>4", true},
      {"n>5", false},
      {"n<6", true},
      {"app>1", false},
      {"missing<1", false},
      {"empty=", true},
      {"missing=", false},
      {"app=web,n=6", false},
  };
  for (const auto& c : cases) EXPECT_EQ(Selector::Parse(c.text)->Matches(labels), c.matches) << c.text;
  EXPECT_FALSE(Selector::Nothing().Matches(labels));
  EXPECT_TRUE(Selector::Parse("!a")->Matches(Value()));
}

TEST(Selector, OfALabelSelector) {
  Value object = Obj({{"matchLabels", Obj({{"b", "1"}})},
                      {"matchExpressions", Arr({Obj({{"key", "a"}, {"operator", "In"}, {"values", Arr({"y", "x"})}}),
                                                Obj({{"key", "c"}, {"operator", "Exists"}}),
                                                Obj({{"key", "d"}, {"operator", "DoesNotExist"}}),
                                                Obj({{"key", "e"}, {"operator", "NotIn"}, {"values", Arr({"z"})}})})}});
  EXPECT_EQ(Selector::FromLabelSelector(object)->ToString(), "a in (x,y),b=1,c,!d,e notin (z)");
  EXPECT_TRUE(Selector::FromLabelSelector(Value())->selects_nothing());
  EXPECT_TRUE(Selector::FromLabelSelector(Value::EmptyObject())->selects_everything());
}

TEST(Selector, RefusesAWrongLabelSelector) {
  auto error = [](Value expression) {
    return Selector::FromLabelSelector(Obj({{"matchExpressions", Arr({std::move(expression)})}})).error().message();
  };
  EXPECT_EQ(error(Obj({{"key", "a"}, {"operator", "Near"}})), "\"Near\" is not a valid label selector operator");
  EXPECT_EQ(error(Obj({{"key", "a"}, {"operator", "Gt"}, {"values", Arr({"1"})}})),
            "\"Gt\" is not a valid label selector operator");
  EXPECT_EQ(error(Obj({{"key", "a"}, {"operator", "In"}})),
            "values: Invalid value: []string{}: for 'in', 'notin' operators, values set can't be empty");
  EXPECT_EQ(error(Obj({{"key", "a"}, {"operator", "Exists"}, {"values", Arr({"x"})}})),
            "values: Invalid value: []string{\"x\"}: values set must be empty for exists and does not exist");
  EXPECT_TRUE(
      error(Obj({{"key", "a"}, {"operator", "In"}, {"values", Arr({"-"})}})).starts_with("values[0][a]: Invalid"));
}

TEST(Selector, OfLabelsMatchesASupersetOnly) {
  Selector selector = Selector::FromLabels(Obj({{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(selector.Matches(Obj({{"a", "1"}, {"b", "2"}, {"c", "3"}})));
  EXPECT_FALSE(selector.Matches(Obj({{"a", "1"}})));
}

TEST(FieldSelector, ReadsTerms) {
  Result<FieldSelector> selector = FieldSelector::Parse(R"(a=b,,c==d,e!=f,g=x\,y\=z\\,h=)");
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(selector->requirements(),
            (std::vector<FieldRequirement>{
                {"a", false, "b"}, {"c", false, "d"}, {"e", true, "f"}, {"g", false, "x,y=z\\"}, {"h", false, ""}}));
  EXPECT_EQ(selector->ToString(), R"(a=b,c=d,e!=f,g=x\,y\=z\\,h=)");
  EXPECT_EQ(*selector->Pinned("c"), "d");
  EXPECT_EQ(selector->Pinned("e"), nullptr);
}

TEST(FieldSelector, Refuses) {
  EXPECT_EQ(FieldSelector::Parse("a=b,c").error().message(), "invalid selector: 'a=b,c'; can't understand 'c'");
  EXPECT_EQ(FieldSelector::Parse("a=b=c").error().message(), "invalid field selector: unescaped character in value: =");
  EXPECT_EQ(FieldSelector::Parse("a=\\n").error().message(), "invalid field selector: invalid escape sequence: \\n");
}

TEST(FieldSelector, Matches) {
  auto values = [](const std::string& field) { return std::string(field == "spec.nodeName" ? "n1" : ""); };
  EXPECT_TRUE(FieldSelector::Parse("spec.nodeName=n1,x!=y")->Matches(values));
  EXPECT_FALSE(FieldSelector::Parse("spec.nodeName!=n1")->Matches(values));
  EXPECT_TRUE(FieldSelector::Parse("x=")->Matches(values));
}

}  // namespace
}  // namespace kp::api
