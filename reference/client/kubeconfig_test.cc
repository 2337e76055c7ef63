#include "reference/client/kubeconfig.h"

#include <gtest/gtest.h>

namespace kp::client {
namespace {

TEST(Kubeconfig, WhatIsFormattedIsReadBack) {
  KubeClientOptions options;
  options.tls.ca_pem = "CA";
  options.tls.certificate_pem = "CERT";
  options.tls.key_pem = "KEY";
  auto read = ParseKubeconfig(FormatKubeconfig("kubeproof", "https://127.0.0.1:6443", options), {});
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->servers, std::vector<std::string>{"127.0.0.1:6443"});
  EXPECT_EQ(read->tls.ca_pem, "CA");
  EXPECT_EQ(read->tls.certificate_pem, "CERT");
  EXPECT_EQ(read->tls.key_pem, "KEY");
  EXPECT_EQ(read->tls.mode, transport::TlsOptions::Mode::kTls);
}

TEST(Kubeconfig, ErrorsNameWhatIsMissing) {
  EXPECT_EQ(ParseKubeconfig("kind: Config", {}).status().message(), "kubeconfig: no current-context");
  EXPECT_EQ(ParseKubeconfig("current-context: x", {}).status().message(), "kubeconfig: no context named \"x\"");
}

TEST(Kubeconfig, FilesAreReadThroughTheCaller) {
  std::string text =
      "current-context: a\n"
      "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
      "clusters: [{name: a, cluster: {server: 'https://h:1', certificate-authority: ca.pem}}]\n"
      "users: [{name: a, user: {token: t}}]\n";
  KubeconfigFiles files{[](const std::string& path) -> Result<std::string> { return "content of " + path; }};
  auto read = ParseKubeconfig(text, files);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->tls.ca_pem, "content of ca.pem");
  EXPECT_EQ(read->bearer_token, "t");
  EXPECT_FALSE(ParseKubeconfig(text, {}).ok());
}

}  // namespace
}  // namespace kp::client
