#include "reference/api/quantity.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

std::string Canonical(std::string_view text) {
  Result<Quantity> quantity = Quantity::Parse(text);
  return quantity.ok() ? quantity->ToString() : quantity.error().message();
}

TEST(Quantity, PrintsCanonically) {
  struct {
    std::string_view text, printed;
  } const cases[] = {
      {"0", "0"},
      {"0Ki", "0"},
      {"-0", "0"},
      {"100m", "100m"},
      {"1500m", "1500m"},
      {"1000m", "1"},
      {"0.5", "500m"},
      {".5", "500m"},
      {"1.", "1"},
      {"1.5", "1500m"},
      {"+1", "1"},
      {"-1", "-1"},
      {"-0.5", "-500m"},
      {"1000", "1k"},
      {"1024", "1024"},
      {"1Ki", "1Ki"},
      {"1024Ki", "1Mi"},
      {"1.5Gi", "1536Mi"},
      {"0.5Mi", "512Ki"},
      {"0.5Ki", "512"},
      {"1023Mi", "1023Mi"},
      {"0.1Ki", "102400m"},
      {"1e3", "1e3"},
      {"1E3", "1e3"},
      {"1E", "1E"},
      {"1e-3", "1e-3"},
      {"12e1", "120"},
      {"1e0", "1"},
      {"1000000000", "1G"},
      {"123456789", "123456789"},
      {"1n", "1n"},
      {"0.1n", "1n"},
      {"1u", "1u"},
      {"1.0000000001", "1000000001n"},
      {"00012", "12"},
      {"-1.5Gi", "-1536Mi"},
      {"1Ei", "1Ei"},
      {"0.0000000000000000000000000000000000000000000001", "1n"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775807"},
      {"100Ei", "9223372036854775807"},
      {"1e1000", "9223372036854775807"},
      {"1e-1000", "1e-9"},
      {"9223372036854775807.000000000", "9223372036854775807"},
      {"3.14159265358979323846264338327950288419716939937510Ki", "3216990877276n"},
  };
  for (const auto& c : cases) EXPECT_EQ(Canonical(c.text), c.printed) << c.text;
}

TEST(Quantity, Refuses) {
  constexpr const char* kFormat =
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const char* text : {"", "-", "abc", "Mi", "1 Mi", "1Mi ", " 1", "1q", "1e3x"}) {
    EXPECT_EQ(Canonical(text), kFormat) << text;
  }
  for (const char* text : {"1K", "1ki", "1MM", "1e", "1Mi1", "1e+", "1m-3"}) {
    EXPECT_EQ(Canonical(text), "unable to parse quantity's suffix") << text;
  }
  for (const char* text : {".", "1.2.3", ".."}) EXPECT_EQ(Canonical(text), "unable to parse numeric part of quantity");
}

TEST(Quantity, ComparesExactly) {
  auto q = [](std::string_view text) { return *Quantity::Parse(text); };
  EXPECT_EQ(q("1Gi"), q("1073741824"));
  EXPECT_EQ(q("0.1"), q("100m"));
  EXPECT_LT(q("1G"), q("1Gi"));
  EXPECT_GT(q("-1"), q("-2"));
  EXPECT_LT(q("9007199254740992"), q("9007199254740993"));
}

TEST(Quantity, AddsAndKeepsTheFormat) {
  auto q = [](std::string_view text) { return *Quantity::Parse(text); };
  EXPECT_EQ((q("500m") + q("1.5")).ToString(), "2");
  EXPECT_EQ((q("1Gi") - q("512Mi")).ToString(), "512Mi");
  EXPECT_EQ((Quantity() + q("1Gi")).ToString(), "1Gi");
  EXPECT_EQ((q("100m") - q("1")).ToString(), "-900m");
  EXPECT_EQ((q("8Ei") + q("8Ei")).Value(), INT64_MAX);
}

TEST(Quantity, ScalesAwayFromZero) {
  auto q = [](std::string_view text) { return *Quantity::Parse(text); };
  EXPECT_EQ(q("1u").MilliValue(), 1);
  EXPECT_EQ(q("-1u").MilliValue(), -1);
  EXPECT_EQ(q("1.1").Value(), 2);
  EXPECT_EQ(q("250m").Value(), 1);
  EXPECT_EQ(q("2").MilliValue(), 2000);
  EXPECT_EQ(q("8Ei").MilliValue(), INT64_MAX);
  EXPECT_EQ(Quantity::FromMilli(1500).ToString(), "1500m");
  EXPECT_EQ(Quantity::FromInt(2048, Quantity::Format::kBinarySi).ToString(), "2Ki");
}

TEST(Quantity, OfJson) {
  EXPECT_EQ(Quantity::Of(Value(2))->ToString(), "2");
  EXPECT_EQ(Quantity::Of(Value(0.25))->ToString(), "250m");
  EXPECT_FALSE(Quantity::Of(Value(true)).ok());
  EXPECT_TRUE(Quantity::OrZero(Value()).IsZero());
}

}  // namespace
}  // namespace kp::api
