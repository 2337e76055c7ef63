// kubeconfig files: the server, its CA and the user's credentials, as kubectl reads them.
#pragma once

#include <string>
#include <string_view>

#include "reference/client/kube.h"

namespace kp::client {

struct KubeconfigFiles {
  // Reads a file that the kubeconfig names; paths are relative to the kubeconfig's folder.
  std::function<Result<std::string>(const std::string& path)> read;
};

// Options for the current context, or for `context` when it is not empty. kInvalidArgument says which entry
// is missing or what cannot be read.
Result<KubeClientOptions> ParseKubeconfig(std::string_view text, const KubeconfigFiles& files,
                                          const std::string& context = "");

// A kubeconfig with one cluster, user and context named `name`, everything in line.
std::string FormatKubeconfig(const std::string& name, const std::string& server, const KubeClientOptions& options);

}  // namespace kp::client
