package protocol_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// service is a gRPC service with a login in its messages, which the guard
// does not read.
type service struct {
	pb.UnimplementedTestServiceServer
}

func (service) UnaryCall(ctx context.Context, r *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	grpc.SetTrailer(ctx, metadata.Pairs("x-sum", "42", "x-check-bin", string([]byte{0, 255})))
	if r.GetResponseStatus().GetCode() != 0 {
		return nil, status.Error(codes.Code(r.ResponseStatus.Code), r.ResponseStatus.Message)
	}
	return &pb.SimpleResponse{Payload: r.Payload, Username: strings.Join(md["x-who"], ",")}, nil
}

func (service) FullDuplexCall(s pb.TestService_FullDuplexCallServer) error {
	for {
		r, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(&pb.StreamingOutputCallResponse{Payload: r.Payload}); err != nil {
			return err
		}
	}
}

func TestGRPCPasses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, service{})
	go server.Serve(l)
	t.Cleanup(server.Stop)
	g := guarded(t, "h2c://"+l.Addr().String())
	for what, to := range map[string]struct {
		address string
		creds   credentials.TransportCredentials
	}{
		"over TLS": {secure(g), credentials.NewTLS(trusting("h2"))},
		"in plain": {g.Expand("localhost:$PORT3"), insecure.NewCredentials()},
	} {
		t.Run(what, func(t *testing.T) {
			conn, err := grpc.NewClient(to.address, grpc.WithTransportCredentials(to.creds))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			ctx = metadata.AppendToOutgoingContext(ctx, "x-who", "me")
			client := pb.NewTestServiceClient(conn)

			payload := &pb.Payload{Body: []byte(canary)}
			var trailer metadata.MD
			got, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload}, grpc.Trailer(&trailer))
			if err != nil || string(got.Payload.Body) != canary || got.Username != "me" || trailer["x-sum"][0] != "42" || trailer["x-check-bin"][0] != "\x00\xff" {
				t.Errorf("%v %v %v", got, trailer, err)
			}
			_, err = client.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(codes.DataLoss), Message: "lost"}})
			if s := status.Convert(err); s.Code() != codes.DataLoss || s.Message() != "lost" {
				t.Errorf("%v", err)
			}
			big := &pb.Payload{Body: make([]byte, 2<<20)}
			if got, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: big}); err != nil || len(got.Payload.Body) != 2<<20 {
				t.Errorf("2 MiB: %v", err)
			}

			stream, err := client.FullDuplexCall(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 20 { // each is answered before the next is sent
				want := fmt.Sprint("message ", i)
				if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: []byte(want)}}); err != nil {
					t.Fatal(err)
				}
				if got, err := stream.Recv(); err != nil || string(got.Payload.Body) != want {
					t.Fatalf("%v %v", got, err)
				}
			}
			stream.CloseSend()
			if _, err := stream.Recv(); err != io.EOF {
				t.Errorf("in the end: %v", err)
			}
		})
	}
	if d := g.Decisions(); len(d) != 0 {
		t.Errorf("decisions on gRPC: %+v", d)
	}
}
