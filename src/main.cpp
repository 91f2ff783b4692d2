#include "cli.hpp"

int main(int argc, char** argv) { return freshet::run(argc, argv); }
