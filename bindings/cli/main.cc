#include "bindings/cli/dispatch.h"

int main(int argc, char** argv) { return kp::cli::Dispatch(argc, argv); }
