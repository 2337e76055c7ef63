#include "reference/wire/grpc_frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace kp::wire {
namespace {

std::string Frame(const std::string& message) { return GrpcPrefix(message.size()) + message; }

TEST(GrpcDecoder, FindsMessagesHoweverTheBytesAreCut) {
  const std::string bytes = Frame("one") + Frame("") + Frame(std::string(300, 'x'));
  for (size_t step = 1; step <= bytes.size(); ++step) {
    GrpcDecoder decoder(1000);
    std::vector<std::string> seen;
    for (size_t at = 0; at < bytes.size(); at += step) {
      ASSERT_TRUE(decoder
                      .Feed(std::string_view(bytes).substr(at, step),
                            [&](std::string_view message) {
                              seen.emplace_back(message);
                              return true;
                            })
                      .ok());
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"one", "", std::string(300, 'x')})) << step;
    EXPECT_FALSE(decoder.partial());
  }
}

TEST(GrpcDecoder, RefusesLargeAndCompressedMessages) {
  const auto ignore = [](std::string_view) { return true; };
  const Status large = GrpcDecoder(10).Feed(GrpcPrefix(11), ignore);
  EXPECT_EQ(large, Status(Code::kResourceExhausted, "grpc: received message larger than max (11 vs. 10)"));
  EXPECT_EQ(GrpcDecoder(10).Feed(std::string("\1\0\0\0\1x", 6), ignore).code(), Code::kUnimplemented);
  EXPECT_EQ(GrpcDecoder(10).Feed(std::string("\7\0\0\0\1x", 6), ignore).code(), Code::kInternal);
}

TEST(GrpcMessage, RoundTripsAnyText) {
  const std::string text = "100% \u00fc\n\x01 ok";
  EXPECT_EQ(EncodeGrpcMessage(text), "100%25 %C3%BC%0A%01 ok");
  EXPECT_EQ(DecodeGrpcMessage(EncodeGrpcMessage(text)), text);
  EXPECT_EQ(DecodeGrpcMessage("50% off %zz %4"), "50% off %zz %4");
}

TEST(GrpcTimeout, RoundTripsWithinItsPrecision) {
  struct Case {
    Duration timeout;
    const char* text;
  };
  const Case cases[] = {{5s, "5000000u"}, {100ms, "100000u"}, {1ns, "1n"},
                        {-1s, "0n"},      {48h, "172800S"},   {99'999'999ns, "99999999n"}};
  for (const Case& c : cases) {
    const std::string text = EncodeGrpcTimeout(c.timeout);
    ASSERT_TRUE(DecodeGrpcTimeout(text)) << text;
    EXPECT_EQ(*DecodeGrpcTimeout(text), std::max<Duration>(c.timeout, 0ns)) << text;
  }
  EXPECT_EQ(DecodeGrpcTimeout("1S"), Duration(1s));
  EXPECT_EQ(DecodeGrpcTimeout("99999999H"), Duration::max());
  for (const char* bad : {"", "1", "S", "-1S", "123456789S", "1x"}) EXPECT_FALSE(DecodeGrpcTimeout(bad)) << bad;
}

TEST(GrpcStatus, ReadsTrailers) {
  Headers trailers;
  AddStatus({Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"}, &trailers);
  EXPECT_EQ(StatusOfTrailers(trailers),
            Status(Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"));
  EXPECT_EQ(StatusOfTrailers({{"grpc-status", "0"}}), Status());
  EXPECT_EQ(StatusOfTrailers({{"grpc-status", "99"}})->code(), Code::kUnknown);
  EXPECT_FALSE(StatusOfTrailers({{"x", "0"}}));
}

TEST(GrpcMetadata, BinaryValuesAreBase64OnTheWire) {
  Headers headers;
  AddMetadata({{"token", "t"}, {"trace-bin", std::string("\0\xff\1", 3)}}, &headers);
  EXPECT_EQ(headers.Get("trace-bin"), "AP8B");
  EXPECT_EQ(DecodeMetadata({{"x-bin", "AP8"}}).Get("x-bin"), std::string("\0\xff", 2));
}

}  // namespace
}  // namespace kp::wire
